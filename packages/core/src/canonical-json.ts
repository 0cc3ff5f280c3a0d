import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

import { AppError } from "./errors";

export interface CanonicalJsonOptions {
  /**
   * `integers` (default) is the protocol's form: whatever is signed or hashed for a wallet holds no fraction.
   * `finite` also takes doubles, written as ECMAScript writes them (the number form of RFC 8785): for data that is only stored.
   */
  readonly numbers?: "integers" | "finite";
}

/** Deeper input is refused: a recursive writer must not be driven out of stack by a request. */
const DEPTH_MAX = 64;

/**
 * The one text of a JSON value: keys sorted by code point at every level, no spaces, raw UTF-8, integers only.
 * bigint is written as an integer. Members that are undefined are left out, as JSON.stringify does. Throws `invalid_request`
 * naming the place for anything JSON cannot hold exactly: fractions, integers beyond 2^53-1 as numbers, lone surrogates.
 */
export function canonicalJson(value: unknown, options: CanonicalJsonOptions = {}): string {
  return write(value, "", 0, options.numbers ?? "integers");
}

/** Lower-case hex sha256 over the UTF-8 bytes of the canonical text. */
export function canonicalDigest(value: unknown, options: CanonicalJsonOptions = {}): string {
  return bytesToHex(sha256(utf8ToBytes(canonicalJson(value, options))));
}

type Numbers = NonNullable<CanonicalJsonOptions["numbers"]>;

function write(value: unknown, path: string, depth: number, numbers: Numbers): string {
  if (depth > DEPTH_MAX) throw refused(path, `nested deeper than ${DEPTH_MAX}`);
  switch (typeof value) {
    case "string":
      return writeString(value, path);
    case "boolean":
      return value ? "true" : "false";
    case "bigint":
      return value.toString();
    case "number":
      return writeNumber(value, path, numbers);
    case "object":
      if (value === null) return "null";
      return Array.isArray(value) ? writeArray(value, path, depth, numbers) : writeObject(value, path, depth, numbers);
    default:
      throw refused(path, `a ${typeof value} is not JSON`);
  }
}

function writeString(value: string, path: string): string {
  // A lone surrogate has no UTF-8 form: two writers would put different bytes in its place.
  if (/\p{Surrogate}/u.test(value)) throw refused(path, "text with a lone surrogate");
  return JSON.stringify(value);
}

function writeNumber(value: number, path: string, numbers: Numbers): string {
  if (!Number.isFinite(value)) throw refused(path, "not a finite number");
  if (numbers === "integers" && !Number.isSafeInteger(value))
    throw refused(path, "only integers up to 2^53-1 are allowed");
  return JSON.stringify(value);
}

function writeArray(items: readonly unknown[], path: string, depth: number, numbers: Numbers): string {
  return `[${items.map((item, index) => write(item, `${path}[${index}]`, depth + 1, numbers)).join(",")}]`;
}

function writeObject(value: object, path: string, depth: number, numbers: Numbers): string {
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .toSorted(([a], [b]) => compareCodePoints(a, b))
    .map(([key, member]) => {
      const place = path === "" ? key : `${path}.${key}`;
      return `${writeString(key, place)}:${write(member, place, depth + 1, numbers)}`;
    });
  return `{${members.join(",")}}`;
}

/** Plain `<` compares UTF-16 units, which puts U+FF61 after U+10000; other languages sort by code point. */
function compareCodePoints(a: string, b: string): number {
  const left = Array.from(a);
  const right = Array.from(b);
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function refused(path: string, why: string): AppError {
  const place = path === "" ? "value" : path;
  return new AppError("invalid_request", {
    message: `${place}: ${why}`,
    errors: [{ path: place, code: "not_canonical", message: why }],
  });
}
