import { type ServiceError, status } from "@grpc/grpc-js";

import { AppError } from "@arkrelay/core/errors";

import { ErrorDetails } from "../gen/ark/v1/errors";
import { Status } from "../gen/google/rpc/status";
import type { CallKind } from "../refusal-reader";

const DETAILS_TYPE = "type.googleapis.com/ark.v1.ErrorDetails";

/** arkd names its own trouble INTERNAL_ERROR and SIGNING_SESSION_TIMED_OUT: for a read both mean "later". */
const ARKD_TROUBLE: ReadonlySet<number> = new Set([0, 28]);

/** Our picture of arkd's settings is old. */
const DIGEST_MISMATCH = "DIGEST_MISMATCH";
const SUBSCRIPTION_NOT_FOUND = "SUBSCRIPTION_NOT_FOUND";

/** Long enough for an outpoint, an amount or a txid. */
const METADATA_LENGTH_MAX = 100;

/** Statuses that say on their own that the call had no effect. All others leave a write open. */
const DEFINITE: ReadonlySet<status> = new Set([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
  status.UNIMPLEMENTED,
]);

/** A refusal of arkd: its ErrorDetails first, the gRPC status where it gives none. */
export function toArkRefusal(refusal: ServiceError, kind: CallKind): AppError {
  const details = readErrorDetails(refusal);
  if (details !== undefined) return fromDetails(details, refusal, kind);
  if (refusal.code === status.UNAUTHENTICATED || refusal.code === status.PERMISSION_DENIED) {
    return new AppError("daemon_auth_failed", { details: { service: "arkd" }, cause: refusal });
  }
  if (DEFINITE.has(refusal.code)) {
    const named = { service: "arkd", daemon_code: refusal.code, daemon_name: status[refusal.code] };
    return new AppError("daemon_rejected", { details: named, internal: refusal.message, cause: refusal });
  }
  if (kind === "write") return new AppError("outcome_unknown", { details: { service: "arkd" }, cause: refusal });
  return new AppError("internal_error", { internal: `arkd: ${refusal.message}`, cause: refusal });
}

/** arkd's name of the error, for metrics. */
export function arkErrorName(refusal: ServiceError): string {
  return readErrorDetails(refusal)?.name ?? status[refusal.code];
}

export function isDigestMismatch(error: unknown): boolean {
  return isRejection(error, DIGEST_MISMATCH);
}

/** Nothing waits for a batch over these VTXOs. */
export function isIntentUnknown(error: unknown): boolean {
  return isRejection(error, "INTENT_NOT_FOUND") || isRejection(error, "NOT_FOUND");
}

/** The subscription id is no longer known: unread for 60 s, or arkd was restarted. */
export function isSubscriptionLost(error: unknown): boolean {
  // The bare status, where a proxy in between has dropped the details.
  return isRejection(error, SUBSCRIPTION_NOT_FOUND) || isRejection(error, "NOT_FOUND");
}

function isRejection(error: unknown, code: string): boolean {
  return error instanceof AppError && error.code === "daemon_rejected" && error.details?.["daemon_name"] === code;
}

function fromDetails(details: ErrorDetails, refusal: ServiceError, kind: CallKind): AppError {
  const options = {
    details: { service: "arkd", daemon_code: details.code, daemon_name: details.name },
    internal: `${details.message} ${JSON.stringify(shortened(details.metadata))}`,
    cause: refusal,
  };
  if (kind === "write" || !ARKD_TROUBLE.has(details.code)) return new AppError("daemon_rejected", options);
  return new AppError("daemon_unavailable", { ...options, retryAfterSeconds: 1 });
}

/** For the log only: arkd puts whole PSBTs into its metadata. */
function shortened(metadata: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, value.slice(0, METADATA_LENGTH_MAX)]));
}

/** From the trailer; else from the text "NAME (code): cause", because arkd's guards (digest, build version) send no trailer. */
function readErrorDetails(refusal: ServiceError): ErrorDetails | undefined {
  const [trailer] = refusal.metadata.get("grpc-status-details-bin");
  const fromTrailer = trailer instanceof Buffer ? decodeDetails(trailer) : undefined;
  return fromTrailer ?? parseText(refusal.details);
}

function decodeDetails(trailer: Buffer): ErrorDetails | undefined {
  try {
    const packed = Status.decode(trailer).details.find(({ typeUrl }) => typeUrl === DETAILS_TYPE);
    return packed === undefined ? undefined : ErrorDetails.decode(packed.value);
  } catch {
    // A trailer we cannot read is no reason to lose the refusal itself.
    return undefined;
  }
}

function parseText(text: string): ErrorDetails | undefined {
  const match = /^([A-Z][A-Z0-9_]*) \((\d+)\): (.*)$/s.exec(text);
  if (match === null) return undefined;
  const [message, name = "", code = ""] = match;
  return { code: Number(code), name, message, metadata: {} };
}
