import type { CallOptions, Client, ClientUnaryCall, Metadata, ServiceError } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";

import { isTransportStatus, TransportFailure } from "./transport-failure";

/** Starts one call of a generated client: `(clients, ...rest) => clients.x.method(request, ...rest)`. */
export type StartCall<Clients, Reply> = (
  clients: Clients,
  metadata: Metadata,
  options: Partial<CallOptions>,
  done: (error: ServiceError | null, reply: Reply) => void,
) => ClientUnaryCall;

/** A daemon that answered has answered, also when it refused. */
export type Answer<Reply> = { readonly reply: Reply } | { readonly refusal: ServiceError };

/** Rejects with TransportFailure alone. `signal` cancels the call. */
export function callOnce<Reply>(
  start: (done: (error: ServiceError | null, reply: Reply) => void) => ClientUnaryCall,
  signal: AbortSignal,
): Promise<Answer<Reply>> {
  return new Promise((resolve, reject) => {
    const call = start((error, reply) => {
      signal.removeEventListener("abort", cancel);
      if (error === null) resolve({ reply });
      else if (isTransportStatus(error)) reject(new TransportFailure(status[error.code], true, error));
      else resolve({ refusal: error });
    });
    const cancel = (): void => call.cancel();
    signal.addEventListener("abort", cancel, { once: true });
  });
}

/** Before a write: without a connection nothing is sent, so the failure is certain and the write may be repeated. */
export function waitUntilConnected(client: Client, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    client.waitForReady(Date.now() + timeoutMs, (error) => {
      if (error === undefined) resolve();
      else reject(new TransportFailure("NOT_CONNECTED", false, error));
    });
  });
}
