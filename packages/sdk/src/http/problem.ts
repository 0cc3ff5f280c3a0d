import type { FieldError, Problem } from "../errors.js";

type Fields = Readonly<Record<string, unknown>>;

/** Reads a problem document; an answer that is none (a proxy's page) still becomes one. */
export function toProblem(status: number, text: string, retryAfterHeader: string | null): Problem {
  const fields = parseFields(text);
  const code = typeof fields["code"] === "string" ? fields["code"] : `http_${status}`;
  const retryAfter = Number(retryAfterHeader ?? Number.NaN);
  return {
    status,
    code,
    detail: typeof fields["detail"] === "string" ? fields["detail"] : `HTTP ${status}`,
    request_id: typeof fields["request_id"] === "string" ? fields["request_id"] : undefined,
    // Without a document only "come back later" statuses are safe to repeat.
    retryable: typeof fields["retryable"] === "boolean" ? fields["retryable"] : status === 429 || status === 503,
    errors: Array.isArray(fields["errors"]) ? fields["errors"].filter(isFieldError) : [],
    details: isFields(fields["details"]) ? fields["details"] : {},
    nostr_code: typeof fields["nostr_code"] === "number" ? fields["nostr_code"] : undefined,
    retryAfter: Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter : undefined,
  };
}

function parseFields(text: string): Fields {
  try {
    const parsed: unknown = JSON.parse(text);
    return isFields(parsed) ? parsed : {};
  } catch {
    return {};
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isFieldError(value: unknown): value is FieldError {
  return isFields(value) && typeof value["path"] === "string" && typeof value["message"] === "string";
}
