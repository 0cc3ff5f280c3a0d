import type { CallOptions, ClientUnaryCall, Metadata, ServiceError } from "@grpc/grpc-js";

import { isTransportStatus, toFailure } from "./call-failure";

/** Starts one call of a generated client: `(clients, ...rest) => clients.x.method(request, ...rest)`. */
export type StartCall<Clients, Reply> = (
  clients: Clients,
  metadata: Metadata,
  options: Partial<CallOptions>,
  done: (error: ServiceError | null, reply: Reply) => void,
) => ClientUnaryCall;

/** A daemon that answered has answered, also when it refused. */
export type Answer<Reply> = { readonly reply: Reply } | { readonly refusal: ServiceError };

export interface CallHooks {
  /** Fires to cancel the call. */
  readonly signal: AbortSignal;
  /** True for a no-answer status that the daemon itself gave, by its text. */
  readonly isAnswer: (error: ServiceError) => boolean;
  /** Given the call when it is over, however it ended. */
  readonly onEnd: (call: ClientUnaryCall) => void;
}

/** Rejects with TransportFailure or CertificateFailure alone. */
export function callOnce<Reply>(
  start: (done: (error: ServiceError | null, reply: Reply) => void) => ClientUnaryCall,
  { signal, isAnswer, onEnd }: CallHooks,
): Promise<Answer<Reply>> {
  return new Promise((resolve, reject) => {
    const call = start((error, reply) => {
      signal.removeEventListener("abort", cancel);
      onEnd(call);
      if (error === null) resolve({ reply });
      else if (isTransportStatus(error) && !isAnswer(error)) reject(toFailure(error));
      else resolve({ refusal: error });
    });
    const cancel = (): void => call.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    if (signal.aborted) cancel();
  });
}
