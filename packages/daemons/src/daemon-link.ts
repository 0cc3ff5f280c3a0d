import { type Channel, type Client, Metadata, type ServiceError, status } from "@grpc/grpc-js";
import {
  BrokenCircuitError,
  circuitBreaker,
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleAll,
  handleWhen,
  retry,
  timeout,
  TimeoutStrategy,
} from "cockatiel";

import { AppError } from "@arkrelay/core/errors";

import { type EndpointSecrets, isSameSecrets, openChannel, readSecrets } from "./channel";
import type { CallLimits, DaemonEndpoint } from "./connection-config";
import type { BreakerState, DaemonObserver } from "./daemon-observer";
import { TransportFailure } from "./transport-failure";
import { type Answer, callOnce, type StartCall, waitUntilConnected } from "./unary-call";

/** How long a write waits for a connection before it is given up unsent. */
const CONNECT_TIMEOUT_MS = 5_000;

const BREAKER_STATES: Readonly<Record<CircuitState, BreakerState>> = {
  [CircuitState.Closed]: "closed",
  [CircuitState.HalfOpen]: "half_open",
  [CircuitState.Open]: "open",
  [CircuitState.Isolated]: "open",
};

export interface DaemonLinkOptions<Clients extends Readonly<Record<string, Client>>> {
  /** "arkd", "tapd", "lnd": the name in errors, metrics and /health. */
  readonly service: string;
  readonly endpoint: DaemonEndpoint;
  readonly limits: CallLimits;
  readonly observer: DaemonObserver;
  /** Makes the typed clients over the one channel (`channelOverride`). */
  readonly openClients: (address: string, channel: Channel) => Clients;
  /** A refusal as an AppError; gRPC statuses that mean "no answer" never get here. */
  readonly toRefusal: (refusal: ServiceError, kind: CallKind) => AppError;
  /** The daemon's own name of an error, for metrics and /health; the gRPC status name when it gives none. */
  readonly nameOf: (refusal: ServiceError) => string;
  /** Id of the request or job that is being served. */
  readonly requestId: () => string | undefined;
}

export type CallKind = "read" | "write";

interface AttemptOptions {
  readonly metadata: Metadata | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Set = the call is not started before there is a connection. */
  readonly connectTimeoutMs?: number;
}

/** The connection to one daemon: its clients, deadlines, breaker, retries and measurements. */
export class DaemonLink<Clients extends Readonly<Record<string, Client>>> {
  private secrets: EndpointSecrets;
  private channel: Channel;
  private openedClients: Clients;
  private policy: CircuitBreakerPolicy;
  private openedAtMs = 0;
  private lastError: string | undefined;

  constructor(private readonly options: DaemonLinkOptions<Clients>) {
    this.secrets = readSecrets(options.endpoint);
    this.channel = openChannel(options.endpoint, this.secrets);
    this.openedClients = this.openClients();
    this.policy = this.makeBreaker();
  }

  get clients(): Clients {
    return this.openedClients;
  }

  get breaker(): BreakerState {
    return BREAKER_STATES[this.policy.state];
  }

  /** Name of the newest failure since the last success. */
  get lastErrorCode(): string | undefined {
    return this.lastError;
  }

  /**
   * A call that changes nothing at the daemon: repeated with growing, jittered pauses while no answer comes.
   * Throws `daemon_unavailable`, or what `toRefusal` makes of a refusal. `signal` gives it up at once.
   */
  async read<Reply>(
    method: string,
    start: StartCall<Clients, Reply>,
    metadata?: Metadata,
    signal?: AbortSignal,
  ): Promise<Reply> {
    const { retryAttemptsMax, retryDelayMs, retryDelayMsMax } = this.options.limits;
    const retrying = retry(handleWhen(isWorthRepeating), {
      maxAttempts: retryAttemptsMax,
      backoff: new ExponentialBackoff({ initialDelay: retryDelayMs, maxDelay: retryDelayMsMax }),
    });
    try {
      const work = (): Promise<Answer<Reply>> => this.attempt(method, start, { metadata, signal });
      return this.settle(await retrying.execute(work, signal), "read");
    } catch (thrown) {
      throw this.explain(thrown, "read");
    }
  }

  /**
   * A call with an effect: sent once. Throws `daemon_unavailable` when it was certainly not sent, `outcome_unknown` when it
   * was and no definite answer came, or what `toRefusal` makes of a refusal.
   */
  async write<Reply>(method: string, start: StartCall<Clients, Reply>, metadata?: Metadata): Promise<Reply> {
    try {
      return this.settle(
        await this.attempt(method, start, { metadata, connectTimeoutMs: CONNECT_TIMEOUT_MS }),
        "write",
      );
    } catch (thrown) {
      throw this.explain(thrown, "write");
    }
  }

  /** Metadata of every call, streams included. */
  metadata(extra?: Metadata): Metadata {
    const metadata = extra?.clone() ?? new Metadata();
    if (this.secrets.macaroonHex !== undefined) metadata.set("macaroon", this.secrets.macaroonHex);
    const requestId = this.options.requestId();
    if (requestId !== undefined) metadata.set("x-request-id", requestId);
    return metadata;
  }

  /** Reads certificate and macaroon again, dials anew and closes the breaker. Calls under way are cancelled. */
  reconnect(): void {
    const secrets = readSecrets(this.options.endpoint);
    const before = this.channel;
    this.secrets = secrets;
    this.channel = openChannel(this.options.endpoint, secrets);
    this.openedClients = this.openClients();
    this.policy = this.makeBreaker();
    this.options.observer.breakerChanged(this.options.service, "closed");
    before.close();
  }

  /** For the health probe: a renewed certificate or macaroon is picked up without an operator. */
  reconnectIfSecretsChanged(): void {
    if (!isSameSecrets(this.secrets, readSecrets(this.options.endpoint))) this.reconnect();
  }

  close(): void {
    this.channel.close();
  }

  private async attempt<Reply>(
    method: string,
    start: StartCall<Clients, Reply>,
    { metadata, signal: givenUp, connectTimeoutMs }: AttemptOptions,
  ): Promise<Answer<Reply>> {
    // The breaker would let others wait for the probe; a caller is better served by an answer now.
    if (this.policy.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
    const { timeoutMs } = this.options.limits;
    const limit = timeout(timeoutMs, TimeoutStrategy.Cooperative);
    const clients = this.openedClients;
    return this.policy.execute(async () => {
      const startedAt = performance.now();
      const [client] = Object.values(clients);
      try {
        if (connectTimeoutMs !== undefined && client !== undefined) {
          await waitUntilConnected(client, Math.min(connectTimeoutMs, timeoutMs));
        }
        const answer = await limit.execute(
          ({ signal }) =>
            callOnce<Reply>((done) => {
              const options = { deadline: Date.now() + timeoutMs };
              return start(clients, this.metadata(metadata), options, done);
            }, signal),
          givenUp,
        );
        this.report(method, startedAt, "refusal" in answer ? this.options.nameOf(answer.refusal) : undefined);
        return answer;
      } catch (thrown) {
        this.report(method, startedAt, thrown instanceof TransportFailure ? thrown.code : status[status.UNKNOWN]);
        throw thrown;
      }
    });
  }

  private report(method: string, startedAt: number, code: string | undefined): void {
    this.lastError = code;
    const seconds = (performance.now() - startedAt) / 1000;
    const call = { service: this.options.service, method, seconds };
    this.options.observer.callFinished(code === undefined ? call : { ...call, code });
  }

  private settle<Reply>(answer: Answer<Reply>, kind: CallKind): Reply {
    if ("reply" in answer) return answer.reply;
    throw this.options.toRefusal(answer.refusal, kind);
  }

  private explain(thrown: unknown, kind: CallKind): AppError {
    if (thrown instanceof AppError) return thrown;
    const wasSent = thrown instanceof TransportFailure ? thrown.wasSent : !(thrown instanceof BrokenCircuitError);
    if (kind === "write" && wasSent) {
      return new AppError("outcome_unknown", { details: { service: this.options.service }, cause: thrown });
    }
    return this.unavailable(thrown);
  }

  private unavailable(cause: unknown): AppError {
    const { service, limits } = this.options;
    const openForMs = Math.max(0, this.openedAtMs + limits.breakerTimeoutMs - Date.now());
    const retryAfterSeconds = this.breaker === "open" ? Math.max(1, Math.ceil(openForMs / 1000)) : 1;
    const details = { service, breaker: this.breaker, retry_after: retryAfterSeconds };
    return new AppError("daemon_unavailable", { details, retryAfterSeconds, cause });
  }

  private openClients(): Clients {
    return this.options.openClients(this.channel.getTarget(), this.channel);
  }

  private makeBreaker(): CircuitBreakerPolicy {
    const { breakerThreshold, breakerTimeoutMs } = this.options.limits;
    const policy = circuitBreaker(handleAll, {
      halfOpenAfter: breakerTimeoutMs,
      breaker: new ConsecutiveBreaker(breakerThreshold),
    });
    policy.onStateChange((state) => {
      if (state === CircuitState.Open) this.openedAtMs = Date.now();
      this.options.observer.breakerChanged(this.options.service, this.breaker);
    });
    return policy;
  }
}

/** A call cancelled by ourselves is not repeated; one the daemon did not answer is. */
function isWorthRepeating(thrown: Error): boolean {
  return thrown instanceof TransportFailure && thrown.code !== status[status.CANCELLED];
}
