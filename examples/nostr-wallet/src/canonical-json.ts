/**
 * JSON in the one form that both sides hash: keys sorted by code point at every level, no spaces, integers only. Throws for
 * anything that has no such form.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).toSorted(([a], [b]) => compareCodePoints(a, b));
    return `{${fields.map(([key, field]) => `${JSON.stringify(key)}:${canonicalJson(field)}`).join(",")}}`;
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new Error("only integers have a canonical form");
  if (value === undefined) throw new Error("undefined has no canonical form");
  return JSON.stringify(value);
}

/** UTF-8 sorts as code points do; the UTF-16 units of JavaScript strings do not. */
function compareCodePoints(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
