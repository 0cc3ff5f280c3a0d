import { AppError } from "../errors";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };
export type JsonObject = { readonly [key: string]: JsonValue };

export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Deeper nesting than any message of ours; a bound keeps later recursions from ending in a stack overflow. */
const DEPTH_MAX = 24;

/** A JSON text's tokens of interest: strings are matched first so that digits inside them are passed over. */
const STRING_OR_NUMBER = /"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*/g;

/**
 * Parses JSON whose numbers are all integers of at most 2^53-1, written as integers: `1.0` and `1e3` are refused, because
 * another reader may round them to another amount. Throws `invalid_json` (no JSON) or `invalid_request` (naming the place).
 */
export function parseIntegerJson(text: string): JsonValue {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new AppError("invalid_json", { cause });
  }
  // First by value, which can name the field; what is left is an integer that was not written as one.
  const integers = requireIntegerJson(value);
  const fraction = text.match(STRING_OR_NUMBER)?.find((token) => !token.startsWith('"') && !/^-?\d+$/.test(token));
  if (fraction !== undefined) throw refused("", "not_an_integer", "Numbers are written as integers");
  return integers;
}

/** The same rules for a value that was parsed elsewhere (an HTTP body): returns it typed, or throws `invalid_request`. */
export function requireIntegerJson(value: unknown, path = "", depth = 0): JsonValue {
  if (depth > DEPTH_MAX) throw refused(path, "too_deep", `Nesting is limited to ${DEPTH_MAX} levels`);
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return requireInteger(value, path);
  if (typeof value === "string") return requireWellFormed(value, path);
  if (Array.isArray(value)) return value.map((item, i) => requireIntegerJson(item, join(path, String(i)), depth + 1));
  if (typeof value !== "object") throw refused(path, "invalid_type", "Not a JSON value");
  const members = Object.entries(value).map(([key, member]) => {
    requireWellFormed(key, path);
    // An own member of this name vanishes when objects are copied, so what was signed and what is stored would differ.
    if (key === "__proto__") throw refused(join(path, key), "unknown_key", "This key is not known here");
    return [key, requireIntegerJson(member, join(path, key), depth + 1)] as const;
  });
  return Object.fromEntries(members);
}

function requireInteger(value: number, path: string): number {
  if (!Number.isSafeInteger(value)) {
    throw refused(path, "not_an_integer", "Numbers are integers of at most 9007199254740991");
  }
  return value;
}

/** Lone surrogates have no UTF-8 form: two different strings would have the same hash. */
function requireWellFormed(value: string, path: string): string {
  if (/\p{Surrogate}/u.test(value)) throw refused(path, "invalid_string", "Not a well-formed Unicode string");
  return value;
}

function refused(path: string, code: string, message: string): AppError {
  return new AppError("invalid_request", { errors: [{ path, code, message }] });
}

function join(path: string, key: string): string {
  return path === "" ? key : `${path}.${key}`;
}
