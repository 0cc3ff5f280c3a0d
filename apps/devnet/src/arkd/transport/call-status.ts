import { ErrorDetails } from "@arkrelay/daemons/proto/ark/v1/errors";
import { Status } from "@arkrelay/daemons/proto/google/rpc/status";

import { ArkdError, PlainStatusError } from "../engine/arkd-error";

/** Numbers and HTTP statuses of gRPC's status names, the latter as grpc-gateway maps them. */
export const STATUSES = {
  CANCELLED: { code: 1, http: 499 },
  UNKNOWN: { code: 2, http: 500 },
  INVALID_ARGUMENT: { code: 3, http: 400 },
  DEADLINE_EXCEEDED: { code: 4, http: 504 },
  NOT_FOUND: { code: 5, http: 404 },
  ALREADY_EXISTS: { code: 6, http: 409 },
  PERMISSION_DENIED: { code: 7, http: 403 },
  RESOURCE_EXHAUSTED: { code: 8, http: 429 },
  FAILED_PRECONDITION: { code: 9, http: 400 },
  ABORTED: { code: 10, http: 409 },
  OUT_OF_RANGE: { code: 11, http: 400 },
  UNIMPLEMENTED: { code: 12, http: 501 },
  INTERNAL: { code: 13, http: 500 },
  UNAVAILABLE: { code: 14, http: 503 },
  DATA_LOSS: { code: 15, http: 500 },
  UNAUTHENTICATED: { code: 16, http: 401 },
} as const;

export type GrpcStatusName = keyof typeof STATUSES;

export function isGrpcStatusName(name: string): name is GrpcStatusName {
  return Object.hasOwn(STATUSES, name);
}

/** An error made on purpose by a fault: a bare status without details, as a broken transport gives. */
export class InjectedFault extends Error {
  constructor(
    readonly status: GrpcStatusName,
    message: string,
    /** The effect has happened; over REST the connection just breaks. */
    readonly isReplyLost: boolean,
  ) {
    super(message);
  }
}

export interface CallStatus {
  readonly status: GrpcStatusName;
  readonly message: string;
  readonly details: ErrorDetails | undefined;
}

export function toCallStatus(error: unknown): CallStatus {
  if (error instanceof ArkdError) {
    const { code, status, errorName, message, metadata } = error;
    return { status, message, details: { code, name: errorName, message: error.why, metadata: { ...metadata } } };
  }
  if (error instanceof PlainStatusError || error instanceof InjectedFault) {
    return { status: error.status, message: error.message, details: undefined };
  }
  // arkd wraps what it did not foresee in the same way.
  return toCallStatus(new ArkdError("INTERNAL_ERROR", error instanceof Error ? error.message : String(error)));
}

const DETAILS_TYPE = "type.googleapis.com/ark.v1.ErrorDetails";

/** The bytes of the trailer `grpc-status-details-bin`. */
export function encodeStatusDetails({ status, message, details }: CallStatus): Buffer {
  const any =
    details === undefined ? [] : [{ typeUrl: DETAILS_TYPE, value: Buffer.from(ErrorDetails.encode(details).finish()) }];
  return Buffer.from(Status.encode({ code: STATUSES[status].code, message, details: any }).finish());
}

/** The body grpc-gateway answers an error with. */
export function toErrorBody({ status, message, details }: CallStatus): unknown {
  return {
    code: STATUSES[status].code,
    message,
    details: details === undefined ? [] : [{ "@type": DETAILS_TYPE, ...details }],
  };
}
