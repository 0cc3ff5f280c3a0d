import {
  BrokenCircuitError,
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  handleType,
} from "cockatiel";

import { TransportFailure } from "./call-failure";
import type { CallLimits } from "./connection-config";
import type { BreakerState } from "./daemon-observer";

const STATES: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.HalfOpen]: "half_open",
  [CircuitState.Open]: "open",
  [CircuitState.Isolated]: "open",
};

/** Leaves the count of failures as it is: cockatiel takes an error that its policy does not handle for neither success nor failure. */
class Undecided<Result> extends Error {
  constructor(readonly result: Result) {
    super("the call says nothing about the daemon");
    this.name = "Undecided";
  }
}

/** Is handled by the policy, because an error that is not would end a probe as a success. */
class UndecidedProbe<Result> extends Undecided<Result> {}

/** Keeps calls away from a daemon that does not answer. Only transport failures count: whoever refuses is there. */
export class DaemonBreaker {
  private policy: CircuitBreakerPolicy;
  private openedAtMs = 0;

  constructor(
    private readonly limits: Pick<CallLimits, "breakerThreshold" | "breakerTimeoutMs">,
    private readonly onChange: (state: BreakerState) => void,
  ) {
    this.policy = this.make();
  }

  get state(): BreakerState {
    return STATES[this.policy.state];
  }

  /** When it is worth asking again; at least one second. */
  get retryAfterSeconds(): number {
    if (this.state !== "open") return 1;
    return Math.max(1, Math.ceil((this.openedAtMs + this.limits.breakerTimeoutMs - Date.now()) / 1000));
  }

  /**
   * Throws BrokenCircuitError without a call while it is open, and while somebody else's call is the probe. A result that `saysNothing`
   * about the daemon neither counts nor clears what has been counted; when it was the probe, the next call is the probe.
   */
  async run<Result>(
    work: () => Promise<Result>,
    saysNothing: (result: Result) => boolean = () => false,
  ): Promise<Result> {
    const { policy } = this;
    // cockatiel would let others wait for the probe; a caller is better served by an answer now.
    if (policy.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
    const isProbe = policy.state === CircuitState.Open;
    try {
      return await policy.execute(async () => {
        const result = await work();
        if (saysNothing(result)) throw isProbe ? new UndecidedProbe(result) : new Undecided(result);
        return result;
      });
    } catch (thrown) {
      if (!(thrown instanceof Undecided)) throw thrown;
      if (isProbe && this.policy === policy) this.probeNow();
      return thrown.result as Result;
    }
  }

  /** The next call is the probe, whatever is left of the pause. A closed one stays closed. */
  probeNow(): void {
    if (this.policy.state === CircuitState.Closed) return;
    this.openedAtMs = 0;
    this.policy = this.make({ ownState: { value: CircuitState.Open, openedAt: 0, attemptNo: 1 } });
  }

  private make(initial?: { readonly ownState: unknown }): CircuitBreakerPolicy {
    const policy = circuitBreaker(handleType(TransportFailure).orType(UndecidedProbe), {
      halfOpenAfter: this.limits.breakerTimeoutMs,
      breaker: new ConsecutiveBreaker(this.limits.breakerThreshold),
      ...(initial !== undefined && { initialState: { ...initial, breakerState: this.limits.breakerThreshold } }),
    });
    policy.onStateChange((state) => {
      if (this.policy !== policy) return;
      if (state === CircuitState.Open) this.openedAtMs = Date.now();
      this.onChange(this.state);
    });
    return policy;
  }
}
