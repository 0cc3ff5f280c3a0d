import { z } from "zod";

import { readPubkey } from "../pubkey";

/** Ids that clients choose: action_id, request_id, batch_id. */
export const clientId = z.string().regex(/^[A-Za-z0-9_-]{8,64}$/, "8 to 64 of A-Z, a-z, 0-9, _ and -");

/** 32 bytes, lower-case hex. */
export const hex32 = z.string().regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits");

/** `txid:vout` */
export const vtxoId = z.string().regex(/^[0-9a-f]{64}:(0|[1-9][0-9]{0,9})$/, "txid:vout");

/** A renewal names the VTXOs of one session. */
export const RENEWED_VTXOS_MAX = 20;

/** 1 to `max` distinct ones. */
export const vtxoIds = (max: number) =>
  z
    .array(vtxoId)
    .min(1)
    .max(max)
    .refine((ids) => new Set(ids).size === ids.length, "A VTXO is named twice");

/** gBTC or a registry id; `BTC` is an alias of gBTC. */
export const assetId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,64}$/, "1 to 64 of A-Z, a-z, 0-9, ., _ and -")
  .transform((id) => (id === "BTC" ? "gBTC" : id));

/** As `assetId`, or an asset by arkd's own id (68 hex), as balances name it. */
export const heldAssetId = z
  .string()
  .regex(/^[A-Za-z0-9._-]{1,68}$/, "1 to 68 of A-Z, a-z, 0-9, ., _ and -")
  .transform((id) => (id === "BTC" ? "gBTC" : id));

/** Ids as we make them; other characters could not even be compared with the column they are kept in. */
export const gatewayId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "1 to 64 of A-Z, a-z, 0-9, _ and -");

/** A key in any accepted form, as 64 hex. */
export const pubkey = z.string().transform((text, ctx) => {
  const parsed = readPubkey(text);
  if (parsed !== undefined) return parsed;
  ctx.addIssue({
    code: "custom",
    message: "Not a public key (64 hex, npub or 66 hex)",
    params: { code: "invalid_pubkey" },
  });
  return z.NEVER;
});

/** Base units, 1 to 2^53-1. */
export const amount = amountFrom(1);
/** Base units, 0 to 2^53-1. */
export const amountOrZero = amountFrom(0);

function amountFrom(minimum: number): z.ZodType<number> {
  return z.unknown().transform((value, ctx): number => {
    if (typeof value === "number" && Number.isSafeInteger(value) && value >= minimum) return value;
    const message = `An integer from ${minimum} to ${Number.MAX_SAFE_INTEGER}`;
    // A missing amount is a broken schema; a bad one has its own error code.
    ctx.addIssue({ code: "custom", message, params: { code: value === undefined ? "required" : "invalid_amount" } });
    return z.NEVER;
  });
}

/** 9999-12-31T23:59:59Z: the last second that ISO-8601 and the database can write. */
const UNIX_SECONDS_MAX = 253_402_300_799;

/** Unix seconds, or ISO-8601 with a zone; becomes unix seconds, rounded down so that nothing lives longer than it said. */
export const unixTime = z
  .union([z.int().min(0).max(UNIX_SECONDS_MAX), z.iso.datetime({ offset: true })], {
    error: "Unix seconds or ISO-8601 with a zone",
  })
  .transform((time) => (typeof time === "number" ? time : Math.floor(Date.parse(time) / 1000)));

/** Times in contents: ISO-8601 UTC with milliseconds, as in HTTP answers. */
export const isoTime = z
  .string()
  .regex(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/, "ISO-8601 UTC with milliseconds");
