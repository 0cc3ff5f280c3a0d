import { z } from "zod";

const secrets = z.registry<{ readonly secret: true }>();

/** Marks a variable as secret: `NAME_FILE` is accepted for it and its value is never printed. Put it outermost. */
export function secret<Schema extends z.ZodType>(schema: Schema): Schema {
  secrets.add(schema, { secret: true });
  return schema;
}

export function isSecret(schema: z.core.$ZodType): boolean {
  return secrets.has(schema);
}

const keepingEmpty = z.registry<{ readonly keepsEmpty: true }>();

/** For the one variable where the empty string is an answer of its own instead of "not set". Put it outermost. */
export function keepEmpty<Schema extends z.ZodType>(schema: Schema): Schema {
  keepingEmpty.add(schema, { keepsEmpty: true });
  return schema;
}

export function keepsEmpty(schema: z.core.$ZodType): boolean {
  return keepingEmpty.has(schema);
}

const filePaths = z.registry<{ readonly filePath: true }>();

/**
 * Path of a file that is read again when it changes; it must be readable at start. `NAME_FILE` says the same, because that is how
 * every other secret is given as a file.
 */
export function filePath() {
  const schema = z.string().optional();
  filePaths.add(schema, { filePath: true });
  return schema;
}

export function isFilePath(schema: z.core.$ZodType): boolean {
  return filePaths.has(schema);
}

export function text(): z.ZodString {
  return z.string();
}

export interface Range {
  readonly min?: number;
  readonly max?: number;
}

function rangeText({ min, max }: Range): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}

function isWithin(value: number, { min = -Infinity, max = Infinity }: Range): boolean {
  return value >= min && value <= max;
}

export function integer(range: Range = {}) {
  const message = `expected an integer${rangeText(range)}`;
  return z
    .string()
    .regex(/^-?\d+$/, message)
    .transform(Number)
    .refine((value) => Number.isSafeInteger(value) && isWithin(value, range), message);
}

/** An amount of money in sats; bigint from the start, never a float. */
export function sats() {
  return z
    .string()
    .regex(/^\d{1,16}$/, "expected a whole number of sats")
    .transform(BigInt);
}

/** For shares and factors; never for money. */
export function decimal(range: Range = {}) {
  const message = `expected a number${rangeText(range)}`;
  return z
    .string()
    .regex(/^-?\d+(\.\d+)?$/, message)
    .transform(Number)
    .refine((value) => isWithin(value, range), message);
}

export function port() {
  return integer({ min: 1, max: 65_535 });
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  "1": true,
  yes: true,
  false: false,
  "0": false,
  no: false,
};

export function boolean() {
  return z.string().transform((value, ctx) => {
    const parsed = BOOLEANS[value.toLowerCase()];
    if (parsed !== undefined) return parsed;
    ctx.addIssue({ code: "custom", message: "expected true, false, 1, 0, yes or no" });
    return z.NEVER;
  });
}

/** Comma list; blanks around the entries and empty entries are dropped. */
export function list() {
  return z.string().transform((value) =>
    value
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ""),
  );
}

export function oneOf<const Values extends readonly [string, ...string[]]>(values: Values) {
  return z.enum(values, { error: `expected one of ${values.join(", ")}` });
}

/** A URL of one of the schemes, e.g. `["redis", "rediss"]`. The text stays as it is. */
export function url(schemes: readonly string[]) {
  const expected = schemes.map((scheme) => `${scheme}://`).join(" or ");
  return z
    .string()
    .refine(
      (value) => URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1)),
      `expected a URL that starts with ${expected}`,
    );
}

/** 32 bytes as 64 hex characters or base64. */
export function key32() {
  return z.string().transform((value, ctx) => {
    const bytes = decodeKey(value);
    if (bytes !== undefined) return bytes;
    ctx.addIssue({ code: "custom", message: "expected 32 bytes as hex or base64" });
    return z.NEVER;
  });
}

/** Comma list of `key32`. */
export function key32List() {
  return list().transform((entries, ctx) => {
    const keys = entries.map(decodeKey);
    if (keys.some((bytes) => bytes === undefined))
      ctx.addIssue({ code: "custom", message: "expected a comma list of 32-byte keys as hex or base64" });
    return keys.filter((bytes) => bytes !== undefined);
  });
}

function decodeKey(value: string): Buffer | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(value)) return Buffer.from(value, "hex");
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(value)) return undefined;
  const bytes = Buffer.from(value, "base64");
  return bytes.length === 32 ? bytes : undefined;
}

/** x-only public key. */
export function xOnlyKey() {
  return z.string().regex(/^[0-9a-f]{64}$/, "expected 64 lower-case hex characters");
}
