/** A unary call without its transport: gRPC and REST both run it. */
export interface UnaryRpc<Q, A> {
  /** As in the proto, e.g. `SubmitTx`: the name faults are set by. */
  readonly name: string;
  /** Throws ArkdError or PlainStatusError. Synchronous, so that no two calls interleave. */
  run(request: Q): A;
}

/** Where a stream's messages go. */
export interface Sink<A> {
  /** Control messages (started, heartbeat): never bent by faults. */
  send(message: A): void;
  /** Events: dropped, doubled or reordered while such a fault is on. */
  event(message: A): void;
  end(error?: Error): void;
  /** Called once when the stream is over, whoever ended it. */
  onClose(listener: () => void): void;
}

export interface StreamRpc<Q, A> {
  readonly name: string;
  /** Sent every heartbeat interval, so that clients can tell silence from death. */
  readonly heartbeat: A;
  open(request: Q, sink: Sink<A>): void;
}
