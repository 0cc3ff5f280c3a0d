/** One field of a refused request, as the gateway's problem document names it. */
export interface FieldError {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

/** The RFC 9457 body of a refusal, as far as the client reads it. */
export interface Problem {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly request_id?: string | undefined;
  readonly retryable: boolean;
  readonly errors?: readonly FieldError[] | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly nostr_code?: number | undefined;
  /** Seconds, from `Retry-After`. */
  readonly retryAfter?: number | undefined;
}

/** A call the gateway refused (or that never got an answer: status 0). `code` is stable; switch on it, not on the text. */
export class GatewayClientError extends Error {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly request_id: string | undefined;
  readonly retryable: boolean;
  readonly errors: readonly FieldError[];
  readonly details: Readonly<Record<string, unknown>>;
  readonly nostr_code: number | undefined;
  /** Seconds the gateway asked to wait. */
  readonly retryAfter: number | undefined;

  constructor(problem: Problem, options?: ErrorOptions) {
    super(`${problem.code}: ${problem.detail}`, options);
    this.name = new.target.name;
    this.status = problem.status;
    this.code = problem.code;
    this.detail = problem.detail;
    this.request_id = problem.request_id;
    this.retryable = problem.retryable;
    this.errors = problem.errors ?? [];
    this.details = problem.details ?? {};
    this.nostr_code = problem.nostr_code;
    this.retryAfter = problem.retryAfter;
  }
}

/** 401 or 403: the credentials are missing, wrong, or of the wrong class. */
export class AuthError extends GatewayClientError {}
/** 404: missing, or somebody else's. */
export class NotFoundError extends GatewayClientError {}
/** 409: the state of the resource forbids it. */
export class ConflictError extends GatewayClientError {}
/** Repeating the same call with the same Idempotency-Key may succeed. */
export class RetriableHttpError extends GatewayClientError {}
/** 429. */
export class RateLimitedError extends RetriableHttpError {}
/** 503, or no answer at all (status 0, code `network_error` or `timeout`). */
export class UnavailableError extends RetriableHttpError {}
/** The outcome of an earlier attempt is unknown: read the resource, never send again. */
export class OutcomeUnknownError extends ConflictError {}

/** Picks the class that callers catch for a problem document. */
export function toGatewayError(problem: Problem, cause?: unknown): GatewayClientError {
  const options = cause === undefined ? undefined : { cause };
  if (problem.code === "outcome_unknown") return new OutcomeUnknownError(problem, options);
  switch (problem.status) {
    case 401:
    case 403:
      return new AuthError(problem, options);
    case 404:
      return new NotFoundError(problem, options);
    case 409:
      return new ConflictError(problem, options);
    case 429:
      return new RateLimitedError(problem, options);
    case 0:
    case 503:
      return new UnavailableError(problem, options);
    default:
      return problem.retryable ? new RetriableHttpError(problem, options) : new GatewayClientError(problem, options);
  }
}

/** An answer or an event does not have the documented shape. */
export class SchemaValidationError extends Error {
  override readonly name = "SchemaValidationError";
  readonly errors: readonly FieldError[];

  constructor(what: string, errors: readonly FieldError[]) {
    super(`${what}: ${errors.map((e) => `${e.path || "(root)"} ${e.message}`).join("; ")}`);
    this.errors = errors;
  }
}

/** Every allowed attempt failed; `last` is the failure of the last one. */
export class RetryExceededError extends Error {
  override readonly name = "RetryExceededError";
  readonly last: unknown;
  readonly attempts: number;

  constructor(attempts: number, last: unknown) {
    super(`gave up after ${attempts} attempts: ${last instanceof Error ? last.message : String(last)}`, {
      cause: last,
    });
    this.attempts = attempts;
    this.last = last;
  }
}

/** The wait ended, not the payment: read the session again later. `status` is the last one seen. */
export class CeremonyTimeoutError extends Error {
  override readonly name = "CeremonyTimeoutError";
  readonly status: string | undefined;

  constructor(message: string, status?: string) {
    super(message);
    this.status = status;
  }
}

/** The payment ended without moving anything; `code` is the gateway's error code. */
export class PaymentFailedError extends Error {
  override readonly name = "PaymentFailedError";
  readonly code: string;
  readonly nostr_code: number | undefined;

  constructor(code: string, message: string, nostrCode?: number) {
    super(`${code}: ${message}`);
    this.code = code;
    this.nostr_code = nostrCode;
  }
}

/** The gateway refused a service request (31500); nothing was begun. `code` is the gateway's error code. */
export class ServiceRequestError extends Error {
  override readonly name = "ServiceRequestError";
  readonly code: string;
  readonly nostr_code: number | undefined;

  constructor(code: string, message: string, nostrCode?: number) {
    super(`${code}: ${message}`);
    this.code = code;
    this.nostr_code = nostrCode;
  }
}

/** Which check refused a challenge (the wallet verifier) or a webhook (`signature`, `stale`, `payload`). */
export type VerificationReason =
  | "origin"
  | "stale"
  | "replayed"
  | "payload"
  | "pins"
  | "structure"
  | "inputs"
  | "recipient"
  | "amount"
  | "fee"
  | "change"
  | "extra_output"
  | "burn"
  | "issuance"
  | "sighash"
  | "foreign_input"
  | "server_signature"
  | "changed"
  | "presign"
  | "digest"
  | "proof"
  | "signature"
  | "unsupported";

/** What came is not to be trusted. Of a challenge: nothing was signed and nothing may be. */
export class VerificationError extends Error {
  override readonly name = "VerificationError";
  readonly reason: VerificationReason;

  constructor(reason: VerificationReason, message: string, options?: ErrorOptions) {
    super(`${reason}: ${message}`, options);
    this.reason = reason;
  }
}
