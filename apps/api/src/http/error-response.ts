import { ERRORS, nostrCode, type AppError, type ErrorKind } from "@arkrelay/core/errors";
import type { Problem } from "@arkrelay/core/http/problem";

/** The only place where an error becomes a status. A new kind does not compile until it has one. */
export const STATUS_OF: Readonly<Record<ErrorKind, number>> = {
  malformed: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method: 405,
  conflict: 409,
  gone: 410,
  too_large: 413,
  media_type: 415,
  unprocessable: 422,
  rate_limited: 429,
  internal: 500,
  rejected: 502,
  unavailable: 503,
};

/** Seconds of `Retry-After` where the thrower gave none: a lock is short, an outage is not. */
const RETRY_AFTER_OF: Partial<Readonly<Record<ErrorKind, number>>> = { unavailable: 5 };
const RETRY_AFTER_SECONDS = 1;

export interface ErrorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Problem;
}

/** The problem document of an error. `internal` and `cause` never leave the process. */
export function toErrorAnswer(
  error: AppError,
  request: { readonly path: string; readonly requestId: string },
): ErrorAnswer {
  const status = STATUS_OF[error.kind];
  const hasNostrCode = "nostr" in ERRORS[error.code];
  return {
    status,
    headers: headersOf(error),
    body: {
      type: `https://arkrelay.dev/errors/${error.code}`,
      title: ERRORS[error.code].title,
      status,
      detail: error.message,
      instance: request.path,
      code: error.code,
      request_id: request.requestId,
      retryable: error.retry === "backoff",
      errors: [...error.errors],
      error: error.message,
      ...(hasNostrCode && { nostr_code: nostrCode(error.code) }),
      ...(error.details !== undefined && { details: { ...error.details } }),
    },
  };
}

function headersOf(error: AppError): Record<string, string> {
  const headers: Record<string, string> = {};
  if (error.retry === "backoff") {
    const seconds = error.retryAfterSeconds ?? RETRY_AFTER_OF[error.kind] ?? RETRY_AFTER_SECONDS;
    headers["retry-after"] = String(Math.max(1, Math.ceil(seconds)));
  }
  if (error.code === "auth_required" || error.code === "auth_invalid") headers["www-authenticate"] = "Nostr, Bearer";
  return headers;
}
