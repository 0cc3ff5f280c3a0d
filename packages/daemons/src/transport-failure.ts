import { type ServiceError, status } from "@grpc/grpc-js";

/** No definite answer came: only these open the breaker, and only these may be repeated (reads). */
export class TransportFailure extends Error {
  constructor(
    /** gRPC status name. */
    readonly code: string,
    /** False when the request certainly never left this process. */
    readonly wasSent: boolean,
    cause: unknown,
  ) {
    super(`no answer: ${code}`, { cause });
    this.name = "TransportFailure";
  }
}

const NO_ANSWER: ReadonlySet<status> = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED]);

export function isTransportStatus(error: ServiceError): boolean {
  return NO_ANSWER.has(error.code);
}

export function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && "code" in thrown && "metadata" in thrown && typeof thrown.code === "number";
}
