import { type ServiceError, status } from "@grpc/grpc-js";

import { AppError } from "@arkrelay/core/errors";

import type { CallKind, RefusalReader } from "./refusal-reader";

/**
 * lnd and tapd answer most refusals with UNKNOWN and a text, so the text decides. The first rule whose text (and code, if it names
 * one) fits wins.
 */
export interface TextRule {
  /** A stable part of the daemon's text, case included. Empty fits every text. */
  readonly contains: string;
  /** Only with this gRPC status. */
  readonly code?: status;
  readonly verdict: TextVerdict;
  /** `daemon_name` of a rejection, `reason` of the other two; also the label in metrics. snake_case. */
  readonly name: string;
}

/**
 * `rejected` = refused before anything happened, for good. `unavailable` = not now; nothing happened. `auth_failed` = the macaroon
 * was refused; nothing happened, and repeating it does not help. `unknown` = may have happened (a read: `internal_error`).
 */
export type TextVerdict = "rejected" | "unavailable" | "auth_failed" | "unknown";

/** A rule for a refusal that had certainly no effect. */
export function rejected(contains: string, name: string): TextRule {
  return { contains, name, verdict: "rejected" };
}

/** Statuses that say on their own that the call had no effect. All others leave a write open. */
const DEFINITE: ReadonlySet<status> = new Set([
  status.INVALID_ARGUMENT,
  status.NOT_FOUND,
  status.ALREADY_EXISTS,
  status.FAILED_PRECONDITION,
  status.OUT_OF_RANGE,
  status.UNIMPLEMENTED,
]);

/** Sooner, a locked wallet or a wrong macaroon would only fill the log. */
const UNAVAILABLE_RETRY_SECONDS = 5;
const AUTH_RETRY_SECONDS = 60;

/**
 * Reads refusals by `rules` first, then by what every lnd and tapd says about macaroons, wallets and missing services, then by
 * the gRPC status. Whatever is left leaves a write `outcome_unknown` and makes a read `internal_error`.
 */
export function createTextClassifier(service: string, rules: readonly TextRule[]): RefusalReader {
  const all = [...rules, ...INTERCEPTOR_TEXTS];
  const find = (refusal: ServiceError): TextRule | undefined =>
    all.find((rule) => (rule.code ?? refusal.code) === refusal.code && refusal.details.includes(rule.contains));
  const nameOf = (refusal: ServiceError): string => find(refusal)?.name ?? status[refusal.code];
  return {
    nameOf,
    isAnswer: (error) => find(error) !== undefined,
    toRefusal(refusal, kind) {
      const verdict = find(refusal)?.verdict ?? (DEFINITE.has(refusal.code) ? "rejected" : "unknown");
      return toError({ service, refusal, verdict, name: nameOf(refusal), kind });
    },
  };
}

interface ReadRefusal {
  readonly service: string;
  readonly refusal: ServiceError;
  readonly verdict: TextVerdict;
  readonly name: string;
  readonly kind: CallKind;
}

function toError({ service, refusal, verdict, name, kind }: ReadRefusal): AppError {
  const logged = { internal: `${service}: ${refusal.details}`, cause: refusal };
  const details = { service, reason: name };
  switch (verdict) {
    case "auth_failed":
      return new AppError("daemon_auth_failed", { ...logged, details, retryAfterSeconds: AUTH_RETRY_SECONDS });
    case "unavailable":
      return new AppError("daemon_unavailable", { ...logged, details, retryAfterSeconds: UNAVAILABLE_RETRY_SECONDS });
    case "rejected": {
      const missing = findMissingService(refusal);
      return new AppError("daemon_rejected", {
        ...logged,
        ...(missing !== undefined && { message: `This ${service} does not serve ${missing}` }),
        details: { service, daemon_code: refusal.code, daemon_name: name },
      });
    }
    case "unknown":
      if (kind === "write") return new AppError("outcome_unknown", { ...logged, details: { service } });
      return new AppError("internal_error", logged);
  }
}

/** From lnd's interceptors, which run before any handler and serve tapd in one process with it too. */
const INTERCEPTOR_TEXTS: readonly TextRule[] = [
  // Names the method, not the caller: a build without it.
  { contains: "unknown permissions required for method", verdict: "rejected", name: "UNIMPLEMENTED" },
  { contains: "expected 1 macaroon, got", verdict: "auth_failed", name: "macaroon_missing" },
  {
    contains: "cannot determine data format of binary-encoded macaroon",
    verdict: "auth_failed",
    name: "macaroon_malformed",
  },
  { contains: "verification failed: signature mismatch", verdict: "auth_failed", name: "macaroon_invalid" },
  { contains: "macaroon has expired", verdict: "auth_failed", name: "macaroon_expired" },
  { contains: "cannot get macaroon", verdict: "auth_failed", name: "macaroon_revoked" },
  { contains: "cannot retrieve macaroon", verdict: "auth_failed", name: "macaroon_revoked" },
  { contains: "permission denied", verdict: "auth_failed", name: "macaroon_scope" },
  { contains: "", code: status.UNAUTHENTICATED, verdict: "auth_failed", name: "macaroon_invalid" },
  { contains: "", code: status.PERMISSION_DENIED, verdict: "auth_failed", name: "macaroon_scope" },
  { contains: "waiting to start, RPC services not available", verdict: "unavailable", name: "waiting_to_start" },
  { contains: "wallet not created", verdict: "unavailable", name: "wallet_not_created" },
  { contains: "wallet locked", verdict: "unavailable", name: "wallet_locked" },
  { contains: "in the process of starting up, but not yet ready", verdict: "unavailable", name: "starting" },
  { contains: "server is still in the process of starting", verdict: "unavailable", name: "starting" },
  { contains: "the RPC server is not ready to accept requests", verdict: "unavailable", name: "starting" },
];

/** `invoicesrpc.Invoices` of "unknown service invoicesrpc.Invoices" and its variants. */
function findMissingService(refusal: ServiceError): string | undefined {
  const match =
    /unknown service ([\w.]+)/.exec(refusal.details) ??
    /unknown method \w+ for service ([\w.]+)/.exec(refusal.details) ??
    /does not implement the method \/?([\w.]+)\//.exec(refusal.details) ??
    /\/?([\w.]+)\/\w+: unknown permissions required for method/.exec(refusal.details);
  return match?.[1];
}
