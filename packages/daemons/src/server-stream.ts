import type { CallOptions, ClientReadableStream, Metadata, ServiceError } from "@grpc/grpc-js";

import { DaemonRefusal, isServiceError, isTransportStatus, toFailure } from "./call-failure";

/** Opens one stream of a generated client: `(clients, ...rest) => clients.x.method(request, ...rest)`. */
export type OpenStream<Clients, Message> = (
  clients: Clients,
  metadata: Metadata,
  options: Partial<CallOptions>,
) => ClientReadableStream<Message>;

/**
 * The messages of an open stream. Ends when the daemon ends it cleanly; throws TransportFailure, CertificateFailure or
 * DaemonRefusal. `signal` cancels it, which shows as TransportFailure CANCELLED; leaving the loop early cancels it too.
 */
export async function* readMessages<Message>(
  stream: ClientReadableStream<Message>,
  signal: AbortSignal,
  isAnswer: (error: ServiceError) => boolean,
): AsyncGenerator<Message, void> {
  // A late error, after the loop was left, would otherwise end the process.
  stream.on("error", () => undefined);
  const cancel = (): void => stream.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  try {
    const messages: AsyncIterable<Message> = stream;
    for await (const message of messages) yield message;
  } catch (thrown) {
    if (!isServiceError(thrown)) throw thrown;
    throw isTransportStatus(thrown) && !isAnswer(thrown) ? toFailure(thrown) : new DaemonRefusal(thrown);
  } finally {
    signal.removeEventListener("abort", cancel);
    stream.cancel();
  }
}
