import type { FieldError } from "../errors";
import { AppError } from "../errors";

/** MariaDB refuses JSON nested deeper than 32 levels; what we wrap around a body takes some of them. */
const DEPTH_MAX = 24;

/**
 * Refuses JSON that parses and still cannot be kept: too many levels, or a lone surrogate, which has no UTF-8 form. Throws
 * `invalid_request` naming the field.
 */
export function requireStorableJson(value: unknown, path = "", depth = 0): void {
  if (typeof value === "string") return requireWellFormed(value, path);
  if (typeof value !== "object" || value === null) return;
  if (depth >= DEPTH_MAX) {
    const message = `must not be nested deeper than ${String(DEPTH_MAX)} levels`;
    throw refused({ path: path.split(".")[0] ?? "", code: "too_deep", message });
  }
  for (const [key, member] of Object.entries(value)) {
    requireWellFormed(key, path);
    requireStorableJson(member, path === "" ? key : `${path}.${key}`, depth + 1);
  }
}

function requireWellFormed(text: string, path: string): void {
  if (!/\p{Surrogate}/u.test(text)) return;
  throw refused({ path, code: "invalid_string", message: "must be well-formed Unicode" });
}

function refused(error: FieldError): AppError {
  return new AppError("invalid_request", { message: `${error.path}: ${error.message}`, errors: [error] });
}
