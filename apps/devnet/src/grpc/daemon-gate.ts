import { type GrpcStatusName, InjectedFault, isGrpcStatusName } from "../arkd/transport/call-status";
import type { Fault, FaultTarget } from "../faults/fault";
import type { FaultBook } from "../faults/fault-book";
import { FaultyDelivery } from "../faults/faulty-delivery";
import type { StreamCall, UnaryCall } from "./daemon-call";
import { padReply } from "./oversized-reply";

/** One RPC, as faults and permissions know it. */
export interface CallName {
  /** E.g. `SendPaymentV2`. */
  readonly name: string;
  /** E.g. `/routerrpc.Router/SendPaymentV2`. */
  readonly path: string;
}

/** What the transport offers a stream. */
export interface RawSink<A> {
  write(message: A): void;
  end(error?: Error): void;
  onClose(listener: () => void): void;
}

interface OpenStream {
  readonly name: string;
  end(error?: Error): void;
  mute(): void;
}

/** More than the 4 MiB that gRPC clients take by default. */
const OVERSIZED_REPLY_BYTES = 5 * 1_048_576;

/** What every call of a daemon with TLS and macaroons passes: the faults that are on, then its own guard. */
export class DaemonGate {
  readonly #openStreams = new Set<OpenStream>();

  constructor(
    private readonly target: FaultTarget,
    private readonly faults: FaultBook,
    /** Refuses calls the daemon cannot or may not serve: wallet state, macaroon. */
    private readonly guard: (call: CallName, macaroons: readonly string[]) => void,
  ) {
    faults.onChange(() => this.#strikeOpenStreams());
  }

  async runUnary<Q, A>(name: CallName, call: UnaryCall<Q, A>, request: Q, macaroons: readonly string[]): Promise<A> {
    await this.#passEntry(name, macaroons);
    const reply = call(request);
    const lost = this.faults.take(this.target, name.name, "lose_reply");
    if (lost !== undefined) throw injected(lost, "the reply was lost", true);
    const oversized = this.faults.take(this.target, name.name, "oversized_reply");
    if (oversized !== undefined) padReply(reply, oversized.replyBytes ?? OVERSIZED_REPLY_BYTES);
    return reply;
  }

  async openStream<Q, A>(
    name: CallName,
    call: StreamCall<Q, A>,
    request: Q,
    macaroons: readonly string[],
    raw: RawSink<A>,
  ): Promise<void> {
    let isClosed = false;
    raw.onClose(() => (isClosed = true));
    await this.#passEntry(name, macaroons);
    if (isClosed) return;
    const lost = this.faults.take(this.target, name.name, "lose_reply");
    let isMute = lost !== undefined;
    const delivery = new FaultyDelivery<A>(this.faults, this.target, name.name, (message) => {
      if (!isMute) raw.write(message);
    });
    const open: OpenStream = { name: name.name, end: (error) => raw.end(error), mute: () => (isMute = true) };
    this.#openStreams.add(open);
    raw.onClose(() => {
      delivery.close();
      this.#openStreams.delete(open);
    });
    call(request, {
      event: (message) => delivery.deliver(message),
      // What is silent stays silent: the client cannot tell that the stream is over.
      end: (error) => (isMute ? undefined : raw.end(error)),
      onClose: (listener) => raw.onClose(listener),
    });
    if (lost !== undefined) raw.end(injected(lost, "the reply was lost", true));
    this.#strikeOpenStreams();
  }

  /** What a daemon that shuts down does: every stream ends without an error. */
  endStreams(): void {
    for (const stream of this.#openStreams) stream.end();
  }

  async #passEntry(name: CallName, macaroons: readonly string[]): Promise<void> {
    if (this.faults.take(this.target, name.name, "stall") !== undefined) await new Promise<never>(() => undefined);
    const delay = this.faults.take(this.target, name.name, "delay");
    if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay.delayMs ?? 0));
    const failure = this.faults.take(this.target, name.name, "error_before");
    if (failure !== undefined) throw injected(failure, "injected fault", false);
    this.guard(name, macaroons);
  }

  /** A cut or a stall strikes the streams that are open, or else the next call. */
  #strikeOpenStreams(): void {
    for (const kind of ["cut_stream", "stall"] as const) {
      for (const stream of this.#openStreams) {
        const fault = this.#openStreams.has(stream) ? this.faults.take(this.target, stream.name, kind) : undefined;
        if (fault === undefined) continue;
        const struck = [...this.#openStreams].filter(({ name }) => fault.method === "*" || fault.method === name);
        for (const open of struck) {
          if (kind === "stall") open.mute();
          else open.end(injected(fault, "the stream was cut", true));
        }
      }
    }
  }
}

function injected(fault: Fault, message: string, isReplyLost: boolean): InjectedFault {
  const name = fault.code ?? "UNAVAILABLE";
  return new InjectedFault(isGrpcStatusName(name) ? name : "UNAVAILABLE", message, isReplyLost);
}

/** The status of a refusal: errors of devnet's daemons and faults name theirs. Anything else is a bug of the simulator. */
export function statusOf(error: unknown): { readonly status: GrpcStatusName; readonly message: string } {
  const message = error instanceof Error ? error.message : String(error);
  if (
    error instanceof Error &&
    "status" in error &&
    typeof error.status === "string" &&
    isGrpcStatusName(error.status)
  ) {
    return { status: error.status, message };
  }
  return { status: "INTERNAL", message: `devnet: ${error instanceof Error ? (error.stack ?? message) : message}` };
}
