import { z } from "zod";

import { readPubkey } from "../pubkey";

/** Fields that many routes share. Every rule of the HTTP contract about a kind of value stands here once. */

/** An issue with this sentence is answered with 422 `invalid_amount`; every other one with 400 `invalid_request`. */
export const AMOUNT_RULE = "must be an integer number of base units from 1 to 9007199254740991";
const AMOUNT_OR_ZERO_RULE = "must be an integer number of base units from 0 to 9007199254740991";

export function isAmountRule(message: string): boolean {
  return message === AMOUNT_RULE || message === AMOUNT_OR_ZERO_RULE;
}

/** A missing amount is a broken schema, a bad one is `invalid_amount`: hence no message for `undefined`. */
const amountIssue = (rule: string) => (issue: { readonly input?: unknown }) =>
  issue.input === undefined ? undefined : rule;

/** Base units as the wire carries them: a JSON integer, never a string, a float, zero or a negative. */
export const amount = z
  .int({ error: amountIssue(AMOUNT_RULE) })
  .min(1, { error: AMOUNT_RULE })
  .meta({ description: "Base units (gBTC: sats), 1 to 2^53-1.", example: 10_000 });

/** Where the contract says that 0 is allowed (fees). */
export const amountOrZero = z
  .int({ error: amountIssue(AMOUNT_OR_ZERO_RULE) })
  .min(0, { error: AMOUNT_OR_ZERO_RULE })
  .meta({ description: "Base units, 0 to 2^53-1.", example: 10 });

/** A money number of an answer. Balances and sums may be 0. */
export const amountOut = z.int().min(0).meta({ description: "Base units.", example: 10_000 });

export const count = z.int().min(0);

/** In: hex, npub or compressed hex. After parsing always 64 hex. */
export const pubkey = z
  .string()
  .transform((value, context) => {
    const parsed = readPubkey(value);
    if (parsed !== undefined) return parsed;
    context.addIssue({
      code: "custom",
      message: "must be an x-only key on the curve: 64 lower-case hex, npub1… or 66 hex compressed",
    });
    return z.NEVER;
  })
  .meta({
    description: "64 lower-case hex (x-only), npub1… or 66 hex compressed; must be on the curve.",
    example: "79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798",
  });

export const pubkeyOut = hexString(32).meta({ description: "x-only key, 64 hex." });

/** First 8 characters and `...`: enough to recognise one's own key, not enough to use it. */
export const shortId = z.string().meta({ description: "First 8 characters and `...`.", example: "79be667e..." });

export const timestamp = z.iso.datetime({ precision: 3 }).meta({
  description: "UTC with milliseconds.",
  example: "2026-11-25T10:00:00.000Z",
});

export const txid = hexString(32).meta({ description: "Transaction id, 64 lower-case hex." });

/** A SHA-256 that is not a txid: no byte order to turn round. */
export const hash32 = hexString(32).meta({ description: "Hash, 64 lower-case hex." });

export const vtxoId = z
  .string()
  .regex(/^[0-9a-f]{64}:\d{1,5}$/, "must be txid:vout")
  .meta({ description: "txid:vout" });

export const assetId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, "must be 1 to 64 of A-Z a-z 0-9 . _ -")
  .meta({ description: "Asset id; gBTC (alias BTC) is sats.", example: "gBTC" });

/** As `assetId`; what arkd knows and the registry does not has arkd's id (68 hex) for a name. */
export const heldAssetId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,68}$/, "must be 1 to 68 of A-Z a-z 0-9 . _ -")
  .meta({
    description: "Asset id; gBTC (alias BTC) is sats. arkd's id of an asset that is not registered.",
    example: "gBTC",
  });

/** Ids that we hand out are ASCII, as are their columns, which cannot even be compared with anything else. */
export const opaqueId = asciiText(128).min(1);

/** A filter over a column of ASCII words. */
export function asciiText(lengthMax: number) {
  return z
    .string()
    .max(lengthMax)
    .regex(/^[\x20-\x7e]*$/, "must be printable ASCII");
}

export const jsonObject = z.record(z.string(), z.unknown());

/** `true/false/1/0/yes/no` of a query string, as in the environment. */
export const queryFlag = z
  .enum(["true", "false", "1", "0", "yes", "no"])
  .transform((word) => word === "true" || word === "1" || word === "yes")
  .meta({ type: "boolean" });

/** Query of a route that deletes or cancels: a filter that is not known must not be taken for none. */
export const NoQuery = z.strictObject({});

const LIMIT_MAX = 200;

/** Page size: above the maximum it is clamped, below 1 or not an integer it is refused. */
export function limit(byDefault = 50, max = LIMIT_MAX) {
  return wholeNumber(1)
    .transform((value) => Math.min(value, max))
    .optional()
    .default(byDefault)
    .meta({ type: "integer", minimum: 1, maximum: max, default: byDefault, description: "Page size." });
}

export const cursor = z.string().min(1).max(1024).optional().meta({ description: "`next_cursor` of the page before." });

/** A whole number written in a query or a path. */
export function wholeNumber(min: number, max = Number.MAX_SAFE_INTEGER) {
  return z
    .string()
    .regex(/^\d{1,16}$/, "must be a whole number")
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${String(min)} to ${String(max)}`)
    .meta({ type: "integer", minimum: min, maximum: max });
}

/** What every page carries beside its items. `total_count` counts this page (kept for older clients). */
export const page = {
  total_count: count,
  next_cursor: z.string().nullable().meta({ description: "Send as `cursor` for the next page; null at the end." }),
};

function hexString(bytes: number) {
  return z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${String(bytes * 2)}}$`), `must be ${String(bytes * 2)} lower-case hex`);
}
