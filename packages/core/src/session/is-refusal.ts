import { type AppError, ERRORS, type ErrorCode } from "../errors";

/** Codes that say something about us or our daemons, not about the event: tried again, never told as the event's fault. */
const OUR_FAULT: ReadonlySet<ErrorCode> = new Set([
  "internal_error",
  "daemon_unavailable",
  "daemon_auth_failed",
  "database_unavailable",
  "queue_unavailable",
  "not_ready",
  "outcome_unknown",
]);

/** Whether an error is the answer to an event, as opposed to a reason to try it again. */
export function isRefusal(error: AppError): boolean {
  return !OUR_FAULT.has(error.code) && ERRORS[error.code].retry !== "reconcile";
}
