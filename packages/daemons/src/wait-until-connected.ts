import { type Client, Metadata } from "@grpc/grpc-js";

import { isServiceError, toFailure, TransportFailure } from "./transport-failure";

/** Long enough for the answer that grpc-js gives at once, without a connection. */
const REASON_TIMEOUT_MS = 500;

/** The one method every gRPC server may be asked for; the answer does not matter. */
const HEALTH_CHECK = "/grpc.health.v1.Health/Check";

/** Before a write: without a connection nothing is sent, so the failure is certain and the write may be repeated. */
export async function waitUntilConnected(client: Client, timeoutMs: number): Promise<void> {
  const error = await new Promise<Error | undefined>((resolve) => {
    client.waitForReady(Date.now() + timeoutMs, resolve);
  });
  if (error === undefined) return;
  throw (await findReason(client)) ?? new TransportFailure("NOT_CONNECTED", false, error);
}

/** grpc-js tells why there is no connection only to a call. */
function findReason(client: Client): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const noBytes = (): Buffer => Buffer.alloc(0);
    const options = { deadline: Date.now() + REASON_TIMEOUT_MS };
    client.makeUnaryRequest(HEALTH_CHECK, noBytes, noBytes, undefined, new Metadata(), options, (error) => {
      const failure = error === null || !isServiceError(error) ? undefined : toFailure(error);
      // What this very call met says nothing about the connection.
      resolve(failure instanceof TransportFailure && failure.wasSent ? undefined : failure);
    });
  });
}
