import { utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";

import { canonicalDigest, canonicalJson } from "../canonical-json";
import { AppError, type FieldError } from "../errors";
import { fieldErrors } from "../field-errors";
import { amount, amountOrZero, assetId, pubkey, vtxoId } from "./field-schemas";
import type { JsonObject } from "./integer-json";
import { type IntentContent, type IntentEnvelope, parseIntentEnvelope } from "./intent-envelope";
import { intentKindOf } from "./intent-types";

/** A whole intent after its schema: which rules come next (network, funds, fee) is for the use cases to say. */
export type ParsedIntent = TransferIntentContent | ProtocolOpContent;

interface IntentBase extends IntentEnvelope {
  /** Content with defaults filled in and keys, assets and times in their one spelling. */
  readonly content: IntentContent;
  readonly expiresAt: Date;
}

export interface TransferIntentContent extends IntentBase {
  readonly kind: "p2p_transfer";
  readonly params: TransferParams;
}

/** Solver-owned: its params are a free object that only the solver reads. */
export interface ProtocolOpContent extends IntentBase {
  readonly kind: "protocol_op";
}

export interface TransferParams {
  readonly assetId: string;
  /** Base units of the asset. */
  readonly amount: bigint;
  readonly recipientPubkey: string;
  /** Distinct; used exactly when given. More than a session may hold is for the use case to refuse. */
  readonly sourceVtxos: readonly string[] | undefined;
  readonly dustPolicy: "reject" | "to_recipient";
  /** A missing fee is a fee fault (4001), not a broken schema. */
  readonly feeAssetId: string | undefined;
  readonly feeAmount: bigint | undefined;
}

/** Canonical JSON of a solver's params, in bytes. */
const FREE_PARAMS_BYTES_MAX = 16 * 1024;
/** Far above any session's input cap, which has its own error. */
const SOURCE_VTXOS_MAX = 256;

const transferSchema = z.strictObject({
  asset_id: assetId,
  amount,
  recipient_pubkey: pubkey,
  source_vtxos: z
    .array(vtxoId)
    .min(1)
    .max(SOURCE_VTXOS_MAX)
    .refine((ids) => new Set(ids).size === ids.length, "A VTXO is named twice")
    .optional(),
  dust_policy: z.enum(["reject", "to_recipient"]).default("reject"),
  fee_asset_id: assetId.optional(),
  fee_amount: amountOrZero.optional(),
});

/**
 * Parses a whole intent in one go. Throws `invalid_json`, `invalid_request` or `invalid_amount` with `errors[]` naming the
 * fields, `unsupported_type` for types this gateway does not execute. The Nostr path calls the two halves apart, because
 * expiry, reuse and network are judged between them.
 */
export function parseIntentContent(source: string | Readonly<Record<string, unknown>>): ParsedIntent {
  return parseIntentParams(parseIntentEnvelope(source));
}

/** The second half: type and params of an envelope. Errors as parseIntentContent. */
export function parseIntentParams(envelope: IntentEnvelope): ParsedIntent {
  const kind = intentKindOf(envelope.content.type);
  const expiresAt = new Date(envelope.content.expires_at * 1000);
  if (kind === "unsupported") throw new AppError("unsupported_type", { details: { type: envelope.content.type } });
  if (kind === "p2p_transfer") return { ...parseTransfer(envelope), kind, expiresAt };
  requireSmall(envelope.content.params);
  return { ...envelope, kind, expiresAt };
}

/** What makes two copies of an intent the same one: sha256 (hex) of the canonical JSON of the normalised content. */
export function intentContentHash(content: IntentContent): string {
  return canonicalDigest(content);
}

function parseTransfer(envelope: IntentEnvelope): IntentEnvelope & { readonly params: TransferParams } {
  const parsed = transferSchema.safeParse(envelope.content.params);
  if (!parsed.success) throw schemaError(fieldErrors(parsed.error, "params"));
  const wire = parsed.data;
  const params: TransferParams = {
    assetId: wire.asset_id,
    amount: BigInt(wire.amount),
    recipientPubkey: wire.recipient_pubkey,
    sourceVtxos: wire.source_vtxos,
    dustPolicy: wire.dust_policy,
    feeAssetId: wire.fee_asset_id,
    feeAmount: wire.fee_amount === undefined ? undefined : BigInt(wire.fee_amount),
  };
  return { ...envelope, content: { ...envelope.content, params: withoutUndefined(wire) }, params };
}

/** Bad amounts have their own code; beside another broken rule they are part of a broken schema. */
function schemaError(errors: readonly FieldError[]): AppError {
  const onlyAmounts = errors.every((error) => error.code === "invalid_amount");
  return new AppError(onlyAmounts ? "invalid_amount" : "invalid_request", { errors });
}

function requireSmall(params: JsonObject): void {
  if (utf8ToBytes(canonicalJson(params)).length <= FREE_PARAMS_BYTES_MAX) return;
  const message = `At most ${FREE_PARAMS_BYTES_MAX} bytes of canonical JSON`;
  throw new AppError("invalid_request", { errors: [{ path: "params", code: "too_big", message }] });
}

function withoutUndefined(wire: Readonly<Record<string, JsonObject[string] | undefined>>): JsonObject {
  const members = Object.entries(wire).flatMap(([key, value]) => (value === undefined ? [] : [[key, value] as const]));
  return Object.fromEntries(members);
}
