import { status, type ServiceError } from "@grpc/grpc-js";
import { BrokenCircuitError } from "cockatiel";

import { AppError } from "@arkrelay/core/errors";

import { CertificateFailure, DaemonRefusal, TransportFailure } from "./call-failure";
import type { BreakerState } from "./daemon-observer";
import type { CallKind, RefusalReader } from "./refusal-reader";

/** Only an operator can renew a certificate. */
const AUTH_RETRY_SECONDS = 60;

export interface CallErrorContext extends Pick<RefusalReader, "toRefusal"> {
  readonly service: string;
  readonly breaker: BreakerState;
  readonly retryAfterSeconds: number;
}

/** What a failed call means to its caller: for a write, whether it may have had an effect. */
export function toCallError(thrown: unknown, kind: CallKind, context: CallErrorContext): AppError {
  const { service, breaker, retryAfterSeconds } = context;
  if (thrown instanceof AppError) return thrown;
  if (thrown instanceof DaemonRefusal) {
    const { refusal } = thrown;
    return isReplyTooLarge(refusal) ? toTooLarge(service, refusal, kind) : context.toRefusal(refusal, kind);
  }
  if (thrown instanceof CertificateFailure) {
    const details = { service, reason: thrown.reason };
    return new AppError("daemon_auth_failed", { details, retryAfterSeconds: AUTH_RETRY_SECONDS, cause: thrown });
  }
  const wasSent = thrown instanceof TransportFailure ? thrown.wasSent : !(thrown instanceof BrokenCircuitError);
  if (kind === "write" && wasSent) return new AppError("outcome_unknown", { details: { service }, cause: thrown });
  const details = { service, breaker, retry_after: retryAfterSeconds };
  return new AppError("daemon_unavailable", { details, retryAfterSeconds, cause: thrown });
}

/** Short name of a failure for metrics and /health. */
export function nameFailure(thrown: unknown, nameOf: RefusalReader["nameOf"]): string {
  if (thrown instanceof TransportFailure) return thrown.code;
  if (thrown instanceof CertificateFailure) return thrown.reason;
  if (thrown instanceof DaemonRefusal) return nameOf(thrown.refusal);
  return thrown instanceof BrokenCircuitError ? "BREAKER_OPEN" : status[status.UNKNOWN];
}

/** Said by our own side of the connection, after the daemon has done its work. */
function isReplyTooLarge(refusal: ServiceError): boolean {
  return refusal.code === status.RESOURCE_EXHAUSTED && refusal.details.startsWith("Received message larger than max");
}

function toTooLarge(service: string, refusal: ServiceError, kind: CallKind): AppError {
  const logged = { internal: refusal.details, cause: refusal };
  if (kind === "write") return new AppError("outcome_unknown", { ...logged, details: { service } });
  return new AppError("daemon_rejected", {
    ...logged,
    message: `A reply of ${service} is larger than we accept (GRPC_MAX_REPLY_LENGTH; arkd: GRPC_MAX_MESSAGE_LENGTH)`,
    details: { service, daemon_code: refusal.code, daemon_name: "reply_too_large" },
  });
}
