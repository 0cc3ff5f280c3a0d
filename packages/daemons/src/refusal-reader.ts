import type { ServiceError } from "@grpc/grpc-js";

import type { AppError } from "@arkrelay/core/errors";

export type CallKind = "read" | "write";

/** How a daemon's refusals are read. */
export interface RefusalReader {
  /** A refusal as an AppError; gRPC statuses that mean "no answer" never get here unless `isAnswer` says that they are one. */
  readonly toRefusal: (refusal: ServiceError, kind: CallKind) => AppError;
  /** The daemon's own name of an error, for metrics and /health; the gRPC status name when it gives none. */
  readonly nameOf: (refusal: ServiceError) => string;
  /** UNAVAILABLE, DEADLINE_EXCEEDED or CANCELLED as a text of the daemon itself: it was reached and refused. */
  readonly isAnswer?: (error: ServiceError) => boolean;
}
