/** A unary call without its transport. Synchronous, so that no two calls interleave; throws the daemon's refusals. */
export type UnaryCall<Q, A> = (request: Q) => A;

/** Where a stream's messages go. */
export interface StreamSink<A> {
  /** Dropped, doubled or reordered while such a fault is on. */
  event(message: A): void;
  /** Ends the stream for the client, with a refusal or cleanly. */
  end(error?: Error): void;
  /** Called once when the stream is over, whoever ended it. */
  onClose(listener: () => void): void;
}

export type StreamCall<Q, A> = (request: Q, sink: StreamSink<A>) => void;
