export type PlainJson = null | string | number | boolean | readonly PlainJson[] | { readonly [key: string]: PlainJson };

/** The name under which a bigint is kept: no row has a field of this name. */
const BIGINT = "$bigint";

/** A row as the journal keeps it. Absent values stay absent. */
export function toPlainJson(value: unknown): PlainJson {
  if (typeof value === "bigint") return { [BIGINT]: value.toString() };
  if (Array.isArray(value)) return value.map(toPlainJson);
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(
      Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : [[key, toPlainJson(item)]])),
    );
  }
  if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
    return value;
  throw new TypeError(`a ${typeof value} cannot be kept in the journal`);
}

export function fromPlainJson(value: PlainJson): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (isList(value)) return value.map(fromPlainJson);
  const digits = value[BIGINT];
  if (typeof digits === "string") return BigInt(digits);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fromPlainJson(item)]));
}

function isList(value: PlainJson): value is readonly PlainJson[] {
  return Array.isArray(value);
}
