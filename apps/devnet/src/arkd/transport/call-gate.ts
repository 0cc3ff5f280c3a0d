import type { Fault } from "../../faults/fault";
import type { FaultBook } from "../../faults/fault-book";
import { FaultyDelivery } from "../../faults/faulty-delivery";
import type { Sink, StreamRpc, UnaryRpc } from "../calls/rpc";
import { ArkdError } from "../engine/arkd-error";
import { InjectedFault, isGrpcStatusName } from "./call-status";

/** What a transport offers a stream: no faults, no heartbeats, no order of its own. */
export interface RawSink<A> {
  write(message: A): void;
  /** Ends the stream for the client, with an error or cleanly. */
  end(error?: Error): void;
  onClose(listener: () => void): void;
}

interface OpenStream {
  readonly name: string;
  cut(fault: Fault): void;
}

/**
 * What every call of arkd passes, whichever transport it came by: the faults that are on, the digest guard, heartbeats.
 */
export class CallGate {
  readonly #openStreams = new Set<OpenStream>();

  constructor(
    private readonly faults: FaultBook,
    private readonly currentDigest: () => string,
    private readonly heartbeatMs: number,
  ) {
    faults.onChange(() => this.#cutOpenStreams());
  }

  async runUnary<Q, A>(rpc: UnaryRpc<Q, A>, request: Q, digest: string | undefined): Promise<A> {
    await this.#passEntry(rpc.name, digest);
    const reply = rpc.run(request);
    const lost = this.faults.take("arkd", rpc.name, "lose_reply");
    if (lost !== undefined) throw injected(lost, "the reply was lost", true);
    return reply;
  }

  async openStream<Q, A>(rpc: StreamRpc<Q, A>, request: Q, digest: string | undefined, raw: RawSink<A>): Promise<void> {
    let closed = false;
    raw.onClose(() => (closed = true));
    await this.#passEntry(rpc.name, digest);
    if (closed) return;
    const delivery = new FaultyDelivery<A>(this.faults, "arkd", rpc.name, (message) => raw.write(message));
    const sink: Sink<A> = {
      send: (message) => raw.write(message),
      event: (message) => delivery.deliver(message),
      end: (error) => raw.end(error),
      onClose: (listener) => raw.onClose(listener),
    };
    const heartbeat = setInterval(() => raw.write(rpc.heartbeat), this.heartbeatMs);
    const open: OpenStream = { name: rpc.name, cut: (fault) => raw.end(injected(fault, "the stream was cut", true)) };
    this.#openStreams.add(open);
    raw.onClose(() => {
      clearInterval(heartbeat);
      delivery.close();
      this.#openStreams.delete(open);
    });
    rpc.open(request, sink);
    this.#cutOpenStreams();
  }

  async #passEntry(name: string, digest: string | undefined): Promise<void> {
    if (this.faults.take("arkd", name, "stall") !== undefined) await new Promise<never>(() => undefined);
    const delay = this.faults.take("arkd", name, "delay");
    if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay.delayMs ?? 0));
    const failure = this.faults.take("arkd", name, "error_before");
    if (failure !== undefined) throw injected(failure, "injected fault", false);
    this.#checkDigest(digest);
  }

  /** A wrong digest is always refused, a missing one never: the client may not know any yet. */
  #checkDigest(got: string | undefined): void {
    const expected = this.currentDigest();
    if (got === undefined || got === "" || got === expected) return;
    throw new ArkdError("DIGEST_MISMATCH", "the server's settings have changed, call GetInfo again", {
      expected_digest: expected,
      got_digest: got,
    });
  }

  #cutOpenStreams(): void {
    for (const stream of this.#openStreams) {
      const fault = this.#openStreams.has(stream) ? this.faults.take("arkd", stream.name, "cut_stream") : undefined;
      if (fault === undefined) continue;
      const struck = [...this.#openStreams].filter(({ name }) => fault.method === "*" || fault.method === name);
      for (const open of struck) open.cut(fault);
    }
  }
}

function injected(fault: Fault, message: string, isReplyLost: boolean): InjectedFault {
  const name = fault.code ?? "UNAVAILABLE";
  return new InjectedFault(isGrpcStatusName(name) ? name : "UNAVAILABLE", message, isReplyLost);
}
