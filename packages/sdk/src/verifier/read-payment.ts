import { type WalletPins, vtxoScriptHex } from "../ark-script.js";
import {
  LAND_TYPES,
  MULTI_TRANSFER_TYPES,
  OPTIMAL_CHANGE_TYPES,
  RENEW_TYPE,
  SPLIT_TYPES,
  TRANSFER_TYPES,
} from "../event-schemas.js";
import { toPubkeyHex } from "../nostr-utils.js";
import type { IntentContent } from "../payloads.js";
import { must, orRefuse } from "./refuse.js";
import type { VerifyOptions } from "./verifier-types.js";

/** arkd's default dust: a P2TR output below it is refused. */
export const DUST_SATS = 330n;

/** Units of an asset other than sats that a payment moves. */
export interface PaidAsset {
  /** As the intent calls it. */
  readonly name: string;
  /** arkd's id, as the wallet pinned it. */
  readonly arkAssetId: string;
  /** Base units the recipient gets in all; of a land the fee is among them. */
  readonly units: bigint;
}

/** One output to the recipient. */
export interface PaidOutput {
  readonly sats: bigint;
  /** Of the paid asset; 0 when sats are paid. */
  readonly units: bigint;
}

/** What an approved intent lets the transaction pay. */
export interface ExpectedPayment {
  /** Null for a land, which goes to the gateway's pinned land script, and for a split, which stays here. */
  readonly recipientPubkey: string | null;
  readonly recipientScript: string;
  /** A split: the recipient is this wallet, which of every other kind is refused. */
  readonly staysHere: boolean;
  /** Sats the intent sends; of an asset those that carry it. */
  readonly amountSats: bigint;
  readonly feeSats: bigint;
  /** Null for a payment in sats. */
  readonly asset: PaidAsset | null;
  /** What the recipient's outputs carry: one, or the parts of a split in their order. */
  readonly paid: readonly PaidOutput[];
  /** By how much the gateway's co-input comes back larger. */
  readonly coInputGainSats: bigint;
  readonly dustToRecipient: boolean;
  /** Sats that change has at least, when there is any. */
  readonly changeSatsMin: bigint;
}

/** Which of the wallet's VTXOs the intent lets the transaction spend. */
export interface AllowedInputs {
  /** Exactly these; null when the gateway chooses. */
  readonly named: readonly unknown[] | null;
  readonly countMax: number;
}

/** What the protocol fills in for a multi transfer that does not say it. */
const MAX_INPUTS = 5;

/** Anything this verifier cannot judge is refused, never waved through. */
export function readPayment({ intent: { content }, pins, myPubkey }: VerifyOptions): ExpectedPayment {
  const { type, params } = content;
  if (LAND_TYPES.has(type)) return readLand(content, pins);
  if (SPLIT_TYPES.has(type)) return readSplit(content, pins, myPubkey);
  if (TRANSFER_TYPES.has(type)) {
    const dustToRecipient = params["dust_policy"] === "to_recipient";
    return { ...readTransfer(content, pins, params["amount"]), dustToRecipient };
  }
  if (MULTI_TRANSFER_TYPES.has(type)) return readTransfer(content, pins, params["total_amount"]);
  must(OPTIMAL_CHANGE_TYPES.has(type), "unsupported", `an intent of type ${type} moves nothing this wallet can check`);
  const dustLimit = units(params["dust_limit"] ?? 0, "change");
  const changeSatsMin = dustLimit > DUST_SATS ? dustLimit : DUST_SATS;
  return { ...readTransfer(content, pins, params["amount_needed"]), changeSatsMin };
}

export function readAllowedInputs({ type, params }: IntentContent): AllowedInputs {
  if (type === RENEW_TYPE) {
    must(Array.isArray(params["vtxo_ids"]), "inputs", "the intent names no VTXOs");
    return { named: params["vtxo_ids"] as readonly unknown[], countMax: Number.POSITIVE_INFINITY };
  }
  if (SPLIT_TYPES.has(type)) return { named: [params["vtxo_id"]], countMax: 1 };
  const named = Array.isArray(params["source_vtxos"]) ? (params["source_vtxos"] as readonly unknown[]) : null;
  if (!MULTI_TRANSFER_TYPES.has(type)) return { named, countMax: Number.POSITIVE_INFINITY };
  return { named, countMax: Number(units(params["max_inputs"] ?? MAX_INPUTS, "inputs")) };
}

function readTransfer({ params }: IntentContent, pins: WalletPins, stated: unknown): ExpectedPayment {
  const amount = units(stated, "amount");
  const asset = readAsset(params["asset_id"], amount, pins);
  const feeSats = readFeeSats(params);
  const recipient = params["recipient_pubkey"];
  must(typeof recipient === "string", "recipient", "the intent names no recipient");
  const recipientPubkey = orRefuse("recipient", "the recipient is no key", () => toPubkeyHex(recipient));
  // The sender pays the least sats that can carry the units, no more.
  const sats = asset === null ? amount : DUST_SATS;
  return {
    recipientPubkey,
    recipientScript: vtxoScriptHex(recipientPubkey, pins),
    staysHere: false,
    amountSats: sats,
    feeSats,
    asset,
    paid: [{ sats, units: asset === null ? 0n : amount }],
    coInputGainSats: feeSats,
    dustToRecipient: false,
    changeSatsMin: 0n,
  };
}

/** All parts are this wallet's; sats too few for an output join the first part of units, never a part in sats. */
function readSplit({ params }: IntentContent, pins: WalletPins, myPubkey: string): ExpectedPayment {
  const stated = params["split_amounts"];
  must(Array.isArray(stated) && stated.length > 0, "amount", "the intent names no parts");
  const parts = (stated as readonly unknown[]).map((part) => units(part, "amount"));
  const total = parts.reduce((sum, part) => sum + part, 0n);
  const asset = readAsset(params["asset_id"], total, pins);
  const feeSats = readFeeSats(params);
  const paid = parts.map((part) => (asset === null ? { sats: part, units: 0n } : { sats: DUST_SATS, units: part }));
  return {
    recipientPubkey: null,
    recipientScript: vtxoScriptHex(myPubkey, pins),
    staysHere: true,
    amountSats: paid.reduce((sum, { sats }) => sum + sats, 0n),
    feeSats,
    asset,
    paid,
    coInputGainSats: feeSats,
    dustToRecipient: asset !== null,
    changeSatsMin: 0n,
  };
}

/** Amount and fee go to the gateway together, in the landed asset; its co-input comes back as it was. */
function readLand({ params }: IntentContent, pins: WalletPins): ExpectedPayment {
  const { landScript } = pins;
  must(landScript !== undefined, "pins", "no land script is pinned, so nothing says whom a land pays");
  const amount = units(params["amount"], "amount");
  const fee = units(params["fee_amount"], "fee");
  const asset = readAsset(params["asset_id"], amount + fee, pins);
  const inSats = asset === null;
  must(
    inSats ? isSats(params["fee_asset_id"]) : params["fee_asset_id"] === params["asset_id"],
    "fee",
    "the intent does not state its fee in the landed asset",
  );
  return {
    recipientPubkey: null,
    recipientScript: landScript,
    staysHere: false,
    amountSats: inSats ? amount : DUST_SATS,
    feeSats: inSats ? fee : 0n,
    asset,
    paid: [inSats ? { sats: amount + fee, units: 0n } : { sats: DUST_SATS, units: amount + fee }],
    coInputGainSats: 0n,
    dustToRecipient: false,
    changeSatsMin: 0n,
  };
}

export function readFeeSats(params: IntentContent["params"]): bigint {
  must(isSats(params["fee_asset_id"]), "fee", "the intent does not state its fee in gBTC");
  return units(params["fee_amount"], "fee");
}

/** A name means what the wallet pinned for it: the gateway must not swap one asset for another between two intents. */
function readAsset(assetId: unknown, amount: bigint, { assets = {} }: WalletPins): PaidAsset | null {
  if (isSats(assetId)) return null;
  const arkAssetId = typeof assetId === "string" && Object.hasOwn(assets, assetId) ? assets[assetId] : undefined;
  must(arkAssetId !== undefined, "unsupported", "no asset of arkd's is pinned for the asset of the intent");
  return { name: String(assetId), arkAssetId, units: amount };
}

function isSats(assetId: unknown): boolean {
  return assetId === "gBTC" || assetId === "BTC";
}

function units(value: unknown, reason: "amount" | "fee" | "change" | "inputs"): bigint {
  must(Number.isSafeInteger(value) && Number(value) >= 0, reason, "an amount that is no integer");
  return BigInt(Number(value));
}
