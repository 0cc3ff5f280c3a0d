import { utf8ToBytes } from "@noble/hashes/utils.js";
import { z } from "zod";

import { canonicalDigest, canonicalJson } from "../canonical-json";
import { AppError, type FieldError } from "../errors";
import { fieldErrors } from "../field-errors";
import { STRATEGIES, type Strategy } from "../vtxo/select-by-strategy";
import { amount, amountOrZero, assetId, hex32, pubkey, RENEWED_VTXOS_MAX, vtxoId, vtxoIds } from "./field-schemas";
import type { JsonObject } from "./integer-json";
import { type IntentContent, type IntentEnvelope, parseIntentEnvelope } from "./intent-envelope";
import { intentKindOf } from "./intent-types";
import { swapSchema, toSwapParams, type SwapParams } from "./swap-content";

/** A whole intent after its schema: which rules come next (network, funds, fee) is for the use cases to say. */
export type ParsedIntent =
  | TransferIntentContent
  | SplitIntentContent
  | MultiTransferIntentContent
  | OptimalChangeIntentContent
  | LandIntentContent
  | LiftIntentContent
  | SwapIntentContent
  | RenewIntentContent
  | ProtocolOpContent;

interface IntentBase extends IntentEnvelope {
  /** Content with defaults filled in and keys, assets and times in their one spelling. */
  readonly content: IntentContent;
  readonly expiresAt: Date;
}

export interface TransferIntentContent extends IntentBase {
  readonly kind: "p2p_transfer";
  readonly params: TransferParams;
}

export interface SplitIntentContent extends IntentBase {
  readonly kind: "vtxo_split";
  readonly params: SplitParams;
}

export interface MultiTransferIntentContent extends IntentBase {
  readonly kind: "vtxo_multi_transfer";
  readonly params: MultiTransferParams;
}

export interface OptimalChangeIntentContent extends IntentBase {
  readonly kind: "optimal_change";
  readonly params: OptimalChangeParams;
}

export interface LandIntentContent extends IntentBase {
  readonly kind: "lightning_land";
  readonly params: LandParams;
}

export interface LiftIntentContent extends IntentBase {
  readonly kind: "lightning_lift";
  readonly params: LiftParams;
}

/** One side of a swap: stored until a batch takes it up. */
export interface SwapIntentContent extends IntentBase {
  readonly kind: "atomic_swap";
  readonly params: SwapParams;
}

export interface RenewIntentContent extends IntentBase {
  readonly kind: "vtxo_renew";
  readonly params: RenewParams;
}

/** Solver-owned: its params are a free object that only the solver reads. */
export interface ProtocolOpContent extends IntentBase {
  readonly kind: "protocol_op";
}

interface FeeParams {
  /** A missing fee is a fee fault (4001), not a broken schema. */
  readonly feeAssetId: string | undefined;
  readonly feeAmount: bigint | undefined;
}

/** What every native type says that moves an amount. */
interface NativeParams extends FeeParams {
  readonly assetId: string;
  /** Base units of the asset. */
  readonly amount: bigint;
}

export interface RenewParams extends FeeParams {
  /** Distinct, 1 to 20. */
  readonly vtxoIds: readonly string[];
}

export interface LandParams extends NativeParams {
  /** BOLT 11 as it was sent. */
  readonly lightningInvoice: string;
}

export interface LiftParams extends NativeParams {
  /** A lift that was started before. */
  readonly paymentHash: string | undefined;
}

export interface SplitParams extends NativeParams {
  readonly vtxoId: string;
  /** One new VTXO each, in this order; `amount` is their sum. */
  readonly splitAmounts: readonly bigint[];
}

export interface MultiTransferParams extends NativeParams {
  readonly recipientPubkey: string;
  /** Distinct; used exactly when given. */
  readonly sourceVtxos: readonly string[] | undefined;
  /** Change above nothing and below this is avoided, not forbidden; base units of the asset. */
  readonly minChange: bigint;
  readonly maxInputs: number;
  readonly strategy: Strategy;
}

export interface OptimalChangeParams extends NativeParams {
  readonly recipientPubkey: string;
  /** What earlier change must leave as change to be preferred; base units of the asset. */
  readonly changeThreshold: bigint;
  /** Sats; arkd's own dust limit counts where that is higher. */
  readonly dustLimitSats: bigint;
  readonly prefersExistingChange: boolean;
}

export interface TransferParams extends NativeParams {
  readonly recipientPubkey: string;
  /** Distinct; used exactly when given. More than a session may hold is for the use case to refuse. */
  readonly sourceVtxos: readonly string[] | undefined;
  readonly dustPolicy: "reject" | "to_recipient";
}

/** Canonical JSON of a solver's params, in bytes. */
const FREE_PARAMS_BYTES_MAX = 16 * 1024;
/** Far above any session's input cap, which has its own error. */
const SOURCE_VTXOS_MAX = 256;
/** Parts of a split. */
export const SPLIT_PARTS_MIN = 2;
export const SPLIT_PARTS_MAX = 20;
/** What the protocol fills in for whoever leaves it out. */
const MIN_CHANGE = 1_000;
const MAX_INPUTS = 5;
const CHANGE_THRESHOLD = 5_000;
const DUST_LIMIT_SATS = 1;
/** No intent may ask for more; a gateway may allow less. */
const MAX_INPUTS_MAX = 20;
/** Longer than any invoice in use; BOLT 11 has no limit of its own. */
const INVOICE_CHARS_MAX = 4_096;

const fee = { fee_asset_id: assetId.optional(), fee_amount: amountOrZero.optional() };
const native = { asset_id: assetId, amount, ...fee };

const landSchema = z.strictObject({ ...native, lightning_invoice: z.string().min(1).max(INVOICE_CHARS_MAX) });
const liftSchema = z.strictObject({ ...native, payment_hash: hex32.optional() });

const sourceVtxos = vtxoIds(SOURCE_VTXOS_MAX).optional();

const { amount: _amount, ...withoutAmount } = native;

const splitSchema = z.strictObject({
  ...withoutAmount,
  vtxo_id: vtxoId,
  split_amounts: z.array(amount).min(SPLIT_PARTS_MIN).max(SPLIT_PARTS_MAX),
  min_change: amountOrZero.default(MIN_CHANGE),
});

const multiTransferSchema = z.strictObject({
  ...withoutAmount,
  total_amount: amount,
  recipient_pubkey: pubkey,
  source_vtxos: sourceVtxos,
  min_change: amountOrZero.default(MIN_CHANGE),
  max_inputs: z.int().min(1).max(MAX_INPUTS_MAX).default(MAX_INPUTS),
  strategy: z.enum(STRATEGIES).default("optimal"),
});

const optimalChangeSchema = z.strictObject({
  ...withoutAmount,
  amount_needed: amount,
  recipient_pubkey: pubkey,
  change_threshold: amountOrZero.default(CHANGE_THRESHOLD),
  dust_limit: amountOrZero.default(DUST_LIMIT_SATS),
  prefer_existing_change: z.boolean().default(true),
});

const renewSchema = z.strictObject({ vtxo_ids: vtxoIds(RENEWED_VTXOS_MAX), ...fee });

const transferSchema = z.strictObject({
  ...native,
  recipient_pubkey: pubkey,
  source_vtxos: sourceVtxos,
  dust_policy: z.enum(["reject", "to_recipient"]).default("reject"),
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
  switch (kind) {
    case "unsupported":
      throw new AppError("unsupported_type", { details: { type: envelope.content.type } });
    case "p2p_transfer":
      return { ...parseTransfer(envelope), kind, expiresAt };
    case "vtxo_split":
      return { ...parseSplit(envelope), kind, expiresAt };
    case "vtxo_multi_transfer":
      return { ...parseMultiTransfer(envelope), kind, expiresAt };
    case "optimal_change":
      return { ...parseOptimalChange(envelope), kind, expiresAt };
    case "lightning_land":
      return { ...parseLand(envelope), kind, expiresAt };
    case "lightning_lift":
      return { ...parseLift(envelope), kind, expiresAt };
    case "atomic_swap": {
      const { wire, ...parsed } = parseParams(envelope, swapSchema);
      return { ...parsed, kind, expiresAt, params: toSwapParams(wire) };
    }
    case "vtxo_renew":
      return { ...parseRenew(envelope), kind, expiresAt };
    case "protocol_op":
      requireSmall(envelope.content.params);
      return { ...envelope, kind, expiresAt };
  }
}

/** What makes two copies of an intent the same one: sha256 (hex) of the canonical JSON of the normalised content. */
export function intentContentHash(content: IntentContent): string {
  return canonicalDigest(content);
}

function parseTransfer(envelope: IntentEnvelope): IntentEnvelope & { readonly params: TransferParams } {
  const { wire, ...parsed } = parseParams(envelope, transferSchema);
  const { recipient_pubkey: recipientPubkey, source_vtxos: sourceVtxos, dust_policy: dustPolicy } = wire;
  return { ...parsed, params: { ...toNativeParams(wire), recipientPubkey, sourceVtxos, dustPolicy } };
}

function parseSplit(envelope: IntentEnvelope): IntentEnvelope & { readonly params: SplitParams } {
  const { wire, ...parsed } = parseParams(envelope, splitSchema);
  const sum = wire.split_amounts.reduce((total, each) => total + each, 0);
  if (!Number.isSafeInteger(sum)) throw tooLarge("split_amounts");
  const splitAmounts = wire.split_amounts.map(BigInt);
  return { ...parsed, params: { ...toNativeParams({ ...wire, amount: sum }), vtxoId: wire.vtxo_id, splitAmounts } };
}

function parseMultiTransfer(envelope: IntentEnvelope): IntentEnvelope & { readonly params: MultiTransferParams } {
  const { wire, ...parsed } = parseParams(envelope, multiTransferSchema);
  const params: MultiTransferParams = {
    ...toNativeParams({ ...wire, amount: wire.total_amount }),
    recipientPubkey: wire.recipient_pubkey,
    sourceVtxos: wire.source_vtxos,
    minChange: BigInt(wire.min_change),
    maxInputs: wire.max_inputs,
    strategy: wire.strategy,
  };
  return { ...parsed, params };
}

function parseOptimalChange(envelope: IntentEnvelope): IntentEnvelope & { readonly params: OptimalChangeParams } {
  const { wire, ...parsed } = parseParams(envelope, optimalChangeSchema);
  const params: OptimalChangeParams = {
    ...toNativeParams({ ...wire, amount: wire.amount_needed }),
    recipientPubkey: wire.recipient_pubkey,
    changeThreshold: BigInt(wire.change_threshold),
    dustLimitSats: BigInt(wire.dust_limit),
    prefersExistingChange: wire.prefer_existing_change,
  };
  return { ...parsed, params };
}

function parseLand(envelope: IntentEnvelope): IntentEnvelope & { readonly params: LandParams } {
  const { wire, ...parsed } = parseParams(envelope, landSchema);
  return { ...parsed, params: { ...toNativeParams(wire), lightningInvoice: wire.lightning_invoice } };
}

function parseLift(envelope: IntentEnvelope): IntentEnvelope & { readonly params: LiftParams } {
  const { wire, ...parsed } = parseParams(envelope, liftSchema);
  return { ...parsed, params: { ...toNativeParams(wire), paymentHash: wire.payment_hash } };
}

function parseRenew(envelope: IntentEnvelope): IntentEnvelope & { readonly params: RenewParams } {
  const { wire, ...parsed } = parseParams(envelope, renewSchema);
  return { ...parsed, params: { ...toFeeParams(wire), vtxoIds: wire.vtxo_ids } };
}

/** The params by their schema, and the envelope with them in their one spelling. */
function parseParams<T extends Readonly<Record<string, JsonObject[string] | undefined>>>(
  envelope: IntentEnvelope,
  schema: z.ZodType<T>,
): IntentEnvelope & { readonly wire: T } {
  const parsed = schema.safeParse(envelope.content.params);
  if (!parsed.success) throw schemaError(fieldErrors(parsed.error, "params"));
  return { ...envelope, content: { ...envelope.content, params: withoutUndefined(parsed.data) }, wire: parsed.data };
}

function toNativeParams(wire: {
  readonly asset_id: string;
  readonly amount: number;
  readonly fee_asset_id?: string | undefined;
  readonly fee_amount?: number | undefined;
}): NativeParams {
  return { assetId: wire.asset_id, amount: BigInt(wire.amount), ...toFeeParams(wire) };
}

function toFeeParams(wire: {
  readonly fee_asset_id?: string | undefined;
  readonly fee_amount?: number | undefined;
}): FeeParams {
  return {
    feeAssetId: wire.fee_asset_id,
    feeAmount: wire.fee_amount === undefined ? undefined : BigInt(wire.fee_amount),
  };
}

function tooLarge(param: string): AppError {
  const message = `The sum is above ${Number.MAX_SAFE_INTEGER}`;
  return new AppError("invalid_amount", { errors: [{ path: `params.${param}`, code: "invalid_amount", message }] });
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
