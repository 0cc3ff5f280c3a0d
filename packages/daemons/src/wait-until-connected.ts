import { type Client, connectivityState, Metadata } from "@grpc/grpc-js";

import { CertificateFailure, isServiceError, toFailure, TransportFailure } from "./call-failure";

/** Long enough for the answer that grpc-js gives at once, without a connection. */
const REASON_TIMEOUT_MS = 500;

/** The one method every gRPC server may be asked for; the answer does not matter. */
const HEALTH_CHECK = "/grpc.health.v1.Health/Check";

/**
 * Before a write: without a connection nothing is sent, so the failure is certain and the write may be repeated. Throws
 * CertificateFailure at once, TransportFailure when the time is up.
 */
export async function waitUntilConnected(client: Client, timeoutMs: number): Promise<void> {
  const channel = client.getChannel();
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    // Closed by ourselves meanwhile; dialling such a channel throws.
    if (channel.getConnectivityState(false) === connectivityState.SHUTDOWN) {
      throw new TransportFailure("NOT_CONNECTED", false, undefined);
    }
    const state = channel.getConnectivityState(true);
    if (state === connectivityState.READY) return;
    if (state === connectivityState.TRANSIENT_FAILURE) {
      const reason = await findReason(client);
      if (reason instanceof CertificateFailure) throw reason;
    }
    const failure = await new Promise<Error | undefined>((resolve) => {
      channel.watchConnectivityState(state, deadline, resolve);
    });
    if (failure !== undefined) throw new TransportFailure("NOT_CONNECTED", false, failure);
  }
}

/** grpc-js tells why there is no connection only to a call. */
function findReason(client: Client): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const noBytes = (): Buffer => Buffer.alloc(0);
    const options = { deadline: Date.now() + REASON_TIMEOUT_MS };
    client.makeUnaryRequest(HEALTH_CHECK, noBytes, noBytes, undefined, new Metadata(), options, (error) => {
      resolve(error === null || !isServiceError(error) ? undefined : toFailure(error));
    });
  });
}
