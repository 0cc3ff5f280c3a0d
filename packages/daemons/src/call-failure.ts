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

/**
 * The TLS handshake failed for a reason that only an operator can remove. Nothing was sent, waiting does not help, and the breaker
 * would only hide the reason.
 */
export class CertificateFailure extends Error {
  constructor(
    readonly reason: CertificateReason,
    cause: unknown,
  ) {
    super(`TLS handshake failed: ${reason}`, { cause });
    this.name = "CertificateFailure";
  }
}

/** The daemon answered, with an error. */
export class DaemonRefusal extends Error {
  constructor(readonly refusal: ServiceError) {
    super("the daemon refused", { cause: refusal });
    this.name = "DaemonRefusal";
  }
}

export type CertificateReason =
  | "certificate_expired"
  | "certificate_not_yet_valid"
  | "certificate_untrusted"
  | "certificate_name_mismatch"
  | "client_certificate_refused"
  | "not_tls";

const NO_ANSWER: ReadonlySet<status> = new Set([status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED]);

/** Texts of grpc-js itself, for a connection that the daemon reset under the call. */
const RESET_TEXTS: readonly (readonly [code: status, text: string])[] = [
  // HTTP/2 ENHANCE_YOUR_CALM: too many pings.
  [status.RESOURCE_EXHAUSTED, "Bandwidth exhausted or memory limit exceeded"],
  [status.INTERNAL, "Received RST_STREAM with code"],
];

export function isTransportStatus({ code, details }: ServiceError): boolean {
  return NO_ANSWER.has(code) || RESET_TEXTS.some(([of, text]) => of === code && details.startsWith(text));
}

export function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && "code" in thrown && "metadata" in thrown && typeof thrown.code === "number";
}

/** grpc-js refuses a call with this text while it has no connection, so the request never left. */
const NOT_CONNECTED = "No connection established";

/** What Node's TLS says, in the text that grpc-js makes of it. */
const CERTIFICATE_TEXTS: readonly (readonly [text: string, reason: CertificateReason])[] = [
  ["certificate has expired", "certificate_expired"],
  ["certificate is not yet valid", "certificate_not_yet_valid"],
  ["does not match certificate's altnames", "certificate_name_mismatch"],
  ["self-signed certificate", "certificate_untrusted"],
  ["self signed certificate", "certificate_untrusted"],
  ["unable to verify the first certificate", "certificate_untrusted"],
  ["unable to get local issuer certificate", "certificate_untrusted"],
  ["unable to get issuer certificate", "certificate_untrusted"],
  ["certificate signature failure", "certificate_untrusted"],
  ["alert certificate required", "client_certificate_refused"],
  ["alert bad certificate", "client_certificate_refused"],
  ["alert unknown ca", "client_certificate_refused"],
  ["alert certificate unknown", "client_certificate_refused"],
  ["wrong version number", "not_tls"],
];

/** What a status without an answer means: never sent for a TLS reason, never sent, or open. */
export function toFailure(error: ServiceError): TransportFailure | CertificateFailure {
  const isUnsent = error.code === status.UNAVAILABLE && error.details.startsWith(NOT_CONNECTED);
  if (!isUnsent) return new TransportFailure(status[error.code], true, error);
  const [, reason] = CERTIFICATE_TEXTS.find(([text]) => error.details.includes(text)) ?? [];
  return reason === undefined
    ? new TransportFailure(status[error.code], false, error)
    : new CertificateFailure(reason, error);
}
