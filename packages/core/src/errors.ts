/**
 * The one table of errors. Routes, job verdicts and 31341 notices all read it; a code that is not here does not compile.
 * Codes are append-only: clients switch on them.
 */

/** One kind per HTTP status; `apps/api` holds the numbers. */
export type ErrorKind =
  | "malformed"
  | "unauthenticated"
  | "forbidden"
  | "not_found"
  | "method"
  | "conflict"
  | "gone"
  | "too_large"
  | "media_type"
  | "unprocessable"
  | "rate_limited"
  | "internal"
  | "rejected"
  | "unavailable";

/**
 * What repeating the same call can bring: `never` = the same refusal, `backoff` = maybe success later,
 * `reconcile` = the outcome is unknown, so read the resource and never send again.
 */
export type Retry = "never" | "backoff" | "reconcile";

interface ErrorRow {
  readonly kind: ErrorKind;
  readonly retry: Retry;
  /** Integer code of 31341 and of an error 31501; 1000 is used where a row has none. */
  readonly nostr?: number;
  readonly title: string;
}

export const ERRORS = {
  invalid_json: { kind: "malformed", retry: "never", nostr: 1002, title: "The body is not JSON" },
  invalid_request: { kind: "malformed", retry: "never", nostr: 1002, title: "The request breaks its schema" },
  unknown_action: { kind: "malformed", retry: "never", nostr: 1008, title: "Unknown service action" },
  decryption_failed: { kind: "malformed", retry: "never", nostr: 1007, title: "The content could not be decrypted" },
  auth_required: { kind: "unauthenticated", retry: "never", title: "Credentials are required" },
  auth_invalid: { kind: "unauthenticated", retry: "never", title: "The credentials are not valid" },
  admin_key_required: { kind: "unauthenticated", retry: "never", title: "The admin key is required" },
  admin_key_invalid: { kind: "unauthenticated", retry: "never", title: "The admin key is not valid" },
  forbidden: { kind: "forbidden", retry: "never", title: "These credentials may not do this" },
  scope_missing: { kind: "forbidden", retry: "never", title: "The key lacks the scope" },
  not_found: { kind: "not_found", retry: "never", title: "Not found" },
  method_not_allowed: { kind: "method", retry: "never", title: "Method not allowed" },
  conflict: { kind: "conflict", retry: "never", title: "The value is already taken" },
  wrong_state: { kind: "conflict", retry: "never", title: "The object's state forbids it" },
  wrong_step: { kind: "conflict", retry: "never", title: "This step is not due" },
  too_late_to_cancel: { kind: "conflict", retry: "reconcile", title: "Handed over already; it only goes forward" },
  challenge_used: { kind: "conflict", retry: "never", title: "The challenge is answered already" },
  duplicate_action: {
    kind: "conflict",
    retry: "never",
    nostr: 1004,
    title: "The action_id was used with other content",
  },
  vtxo_spent: { kind: "conflict", retry: "never", nostr: 2002, title: "An input is already spent" },
  vtxo_locked: { kind: "conflict", retry: "backoff", nostr: 2004, title: "An input is held by another session" },
  invoice_used: { kind: "conflict", retry: "never", nostr: 2007, title: "The payment hash is already claimed" },
  payment_failed: { kind: "conflict", retry: "never", nostr: 2008, title: "The Lightning payment failed" },
  outcome_unknown: { kind: "conflict", retry: "reconcile", title: "An earlier attempt has no known result yet" },
  session_cancelled: { kind: "conflict", retry: "never", nostr: 3004, title: "The session was cancelled" },
  idempotency_in_progress: { kind: "conflict", retry: "backoff", title: "The same Idempotency-Key is running" },
  asset_exists: { kind: "conflict", retry: "never", title: "The asset exists" },
  bucket_exists: { kind: "conflict", retry: "never", title: "The bucket exists" },
  bucket_in_progress: { kind: "conflict", retry: "never", title: "The bucket is being made" },
  backup_running: { kind: "conflict", retry: "never", title: "A backup is running" },
  job_not_cancellable: { kind: "conflict", retry: "never", title: "The job can no longer be cancelled" },
  job_not_retryable: { kind: "conflict", retry: "never", title: "The job cannot be retried" },
  intent_expired: { kind: "gone", retry: "never", nostr: 1003, title: "The intent has expired" },
  session_expired: { kind: "gone", retry: "never", nostr: 3002, title: "The session timed out" },
  challenge_expired: { kind: "gone", retry: "never", nostr: 3002, title: "The challenge timed out" },
  vtxo_expired: { kind: "gone", retry: "never", nostr: 2003, title: "A VTXO has expired; renew it first" },
  payload_too_large: { kind: "too_large", retry: "never", nostr: 1002, title: "The body is too large" },
  unsupported_media_type: { kind: "media_type", retry: "never", nostr: 1002, title: "Unsupported media type" },
  invalid_amount: { kind: "unprocessable", retry: "never", nostr: 1002, title: "Not a valid amount" },
  idempotency_mismatch: {
    kind: "unprocessable",
    retry: "never",
    title: "The Idempotency-Key was used with another body",
  },
  signature_invalid: {
    kind: "unprocessable",
    retry: "never",
    nostr: 1001,
    title: "The event's id or signature is wrong",
  },
  wrong_recipient: { kind: "unprocessable", retry: "never", nostr: 1005, title: "The intent is for another gateway" },
  wrong_network: { kind: "unprocessable", retry: "never", nostr: 1005, title: "The intent is for another network" },
  unsupported_type: { kind: "unprocessable", retry: "never", nostr: 1006, title: "This type cannot be executed here" },
  insufficient_balance: { kind: "unprocessable", retry: "never", nostr: 2001, title: "The balance is too low" },
  vtxo_not_owned: {
    kind: "unprocessable",
    retry: "never",
    nostr: 2004,
    title: "An input is unknown or not the user's",
  },
  asset_unknown: { kind: "unprocessable", retry: "never", nostr: 2005, title: "Unknown asset" },
  asset_inactive: { kind: "unprocessable", retry: "never", nostr: 2005, title: "The asset is not active" },
  amount_below_minimum: {
    kind: "unprocessable",
    retry: "never",
    nostr: 2006,
    title: "The amount is below the minimum",
  },
  amount_above_maximum: {
    kind: "unprocessable",
    retry: "never",
    nostr: 2006,
    title: "The amount is above the maximum",
  },
  invoice_invalid: { kind: "unprocessable", retry: "never", nostr: 2007, title: "The invoice is not valid here" },
  invoice_expired: { kind: "unprocessable", retry: "never", nostr: 2007, title: "The invoice has expired" },
  invoice_amount_mismatch: {
    kind: "unprocessable",
    retry: "never",
    nostr: 2007,
    title: "The invoice states another amount",
  },
  proof_invalid: { kind: "unprocessable", retry: "never", nostr: 2009, title: "The proof was refused" },
  too_many_inputs: { kind: "unprocessable", retry: "never", nostr: 2011, title: "Too many inputs" },
  asset_not_mintable: { kind: "unprocessable", retry: "never", nostr: 2012, title: "The asset cannot be minted" },
  supply_exceeded: { kind: "unprocessable", retry: "never", nostr: 2012, title: "The asset's cap is exceeded" },
  reserve_insufficient: { kind: "unprocessable", retry: "never", nostr: 2012, title: "The reserve is too small" },
  batch_invalid: { kind: "unprocessable", retry: "never", nostr: 3001, title: "The batch is not valid" },
  signature_mismatch: { kind: "unprocessable", retry: "never", nostr: 3003, title: "A signature does not verify" },
  payload_mismatch: {
    kind: "unprocessable",
    retry: "never",
    nostr: 3003,
    title: "The payload differs from the challenge",
  },
  fee_invalid: { kind: "unprocessable", retry: "never", nostr: 4001, title: "The fee is missing or wrong" },
  fee_asset_rejected: { kind: "unprocessable", retry: "never", nostr: 4002, title: "The fee asset is not accepted" },
  webhook_url_refused: { kind: "unprocessable", retry: "never", title: "The webhook URL is refused" },
  rate_limited: { kind: "rate_limited", retry: "backoff", nostr: 1009, title: "Too many requests" },
  session_limit: { kind: "rate_limited", retry: "backoff", nostr: 1009, title: "Too many open sessions" },
  internal_error: { kind: "internal", retry: "backoff", nostr: 5003, title: "Our fault" },
  daemon_rejected: { kind: "rejected", retry: "never", nostr: 5002, title: "The daemon refused" },
  storage_rejected: { kind: "rejected", retry: "never", title: "The storage network refused" },
  worker_lost: { kind: "internal", retry: "never", nostr: 5003, title: "Five attempts were lost with their worker" },
  daemon_unavailable: { kind: "unavailable", retry: "backoff", nostr: 5001, title: "A daemon is not reachable" },
  daemon_auth_failed: { kind: "unavailable", retry: "backoff", nostr: 5001, title: "A daemon refuses our credentials" },
  inventory_exhausted: { kind: "unavailable", retry: "backoff", nostr: 2010, title: "No gateway VTXO is free" },
  storage_unavailable: {
    kind: "unavailable",
    retry: "backoff",
    nostr: 5003,
    title: "The storage network is not reachable",
  },
  database_unavailable: { kind: "unavailable", retry: "backoff", nostr: 5003, title: "The database is not reachable" },
  queue_unavailable: { kind: "unavailable", retry: "backoff", nostr: 5003, title: "The queue is not reachable" },
  not_ready: { kind: "unavailable", retry: "backoff", nostr: 5003, title: "Not ready yet" },
  service_stopped: { kind: "unavailable", retry: "never", nostr: 5001, title: "Switched off by the operator" },
  feature_disabled: { kind: "unavailable", retry: "never", nostr: 5001, title: "Switched off by the operator" },
  admin_disabled: { kind: "unavailable", retry: "never", nostr: 5001, title: "Switched off by the operator" },
} as const satisfies Record<string, ErrorRow>;

export type ErrorCode = keyof typeof ERRORS;

/** One broken rule of a request: where, which rule, and a sentence for people. */
export interface FieldError {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export interface AppErrorOptions {
  /** Sent to the caller: a sentence for people, never an exception text. Defaults to the code's title. */
  readonly message?: string;
  /** Sent to the caller under `details`; the keys are listed per code in the HTTP contract. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly FieldError[];
  /** Seconds for `Retry-After` of a `backoff` error. */
  readonly retryAfterSeconds?: number;
  /** Logged, never sent. */
  readonly internal?: string;
  readonly cause?: unknown;
}

/** The only error that crosses a room's border. `message` is public; `internal` and `cause` stay in the logs. */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  readonly errors: readonly FieldError[];
  readonly retryAfterSeconds: number | undefined;
  readonly internal: string | undefined;

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    super(options.message ?? ERRORS[code].title, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "AppError";
    this.code = code;
    this.details = options.details;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.internal = options.internal;
  }

  get retry(): Retry {
    return ERRORS[this.code].retry;
  }

  get kind(): ErrorKind {
    return ERRORS[this.code].kind;
  }
}

/** The integer class of a code on the Nostr wire; 1000 stands for every code without a number of its own. */
export function nostrCode(code: ErrorCode): number {
  const row: ErrorRow = ERRORS[code];
  return row.nostr ?? 1000;
}

export function isErrorCode(value: string): value is ErrorCode {
  return Object.hasOwn(ERRORS, value);
}

/** Any thrown thing as an AppError: ours as it is, everything else as `internal_error` with its cause kept for the log. */
export function toAppError(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown;
  // The query builder wraps what a statement threw; ours inside it says more than "internal error".
  if (thrown instanceof Error && thrown.cause instanceof AppError) return thrown.cause;
  return new AppError("internal_error", {
    cause: thrown,
    internal: thrown instanceof Error ? thrown.message : String(thrown),
  });
}

/** Fails the request or job, not the process: for what cannot happen unless we are wrong. */
export function assert(condition: unknown, why: string): asserts condition {
  if (!condition) throw new AppError("internal_error", { internal: `assertion failed: ${why}` });
}

/** Closes a switch over a union: a new member does not compile until it has a case. */
export function unreachable(value: never): never {
  throw new AppError("internal_error", { internal: `unreachable value ${JSON.stringify(value)}` });
}
