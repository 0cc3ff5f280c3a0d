import { type WalletPins, vtxoScriptHex } from "../ark-script.js";
import { LAND_TYPES, TRANSFER_TYPES } from "../event-schemas.js";
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
  /** Base units the recipient gets; of a land the fee is among them. */
  readonly units: bigint;
}

/** What an approved intent lets the transaction pay. */
export interface ExpectedPayment {
  /** Null for a land: it goes to the gateway's pinned land script. */
  readonly recipientPubkey: string | null;
  readonly recipientScript: string;
  /** Sats the intent sends; of an asset those that carry it. */
  readonly amountSats: bigint;
  readonly feeSats: bigint;
  /** Null for a payment in sats. */
  readonly asset: PaidAsset | null;
  /** What the recipient's output carries. */
  readonly paidSats: bigint;
  /** By how much the gateway's co-input comes back larger. */
  readonly coInputGainSats: bigint;
  readonly dustToRecipient: boolean;
}

/** Anything this verifier cannot judge is refused, never waved through. */
export function readPayment({ intent: { content }, pins }: VerifyOptions): ExpectedPayment {
  if (LAND_TYPES.has(content.type)) return readLand(content, pins);
  must(
    TRANSFER_TYPES.has(content.type),
    "unsupported",
    `an intent of type ${content.type} moves nothing this wallet can check`,
  );
  return readTransfer(content, pins);
}

function readTransfer({ params }: IntentContent, pins: WalletPins): ExpectedPayment {
  const amount = units(params["amount"], "amount");
  const asset = readAsset(params["asset_id"], amount, pins);
  must(isSats(params["fee_asset_id"]), "fee", "the intent does not state its fee in gBTC");
  const feeSats = units(params["fee_amount"], "fee");
  const recipient = params["recipient_pubkey"];
  must(typeof recipient === "string", "recipient", "the intent names no recipient");
  const recipientPubkey = orRefuse("recipient", "the recipient is no key", () => toPubkeyHex(recipient));
  // The sender pays the least sats that can carry the units, no more.
  const paidSats = asset === null ? amount : DUST_SATS;
  return {
    recipientPubkey,
    recipientScript: vtxoScriptHex(recipientPubkey, pins),
    amountSats: paidSats,
    feeSats,
    asset,
    paidSats,
    coInputGainSats: feeSats,
    dustToRecipient: params["dust_policy"] === "to_recipient",
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
    amountSats: inSats ? amount : DUST_SATS,
    feeSats: inSats ? fee : 0n,
    asset,
    paidSats: inSats ? amount + fee : DUST_SATS,
    coInputGainSats: 0n,
    dustToRecipient: false,
  };
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

function units(value: unknown, reason: "amount" | "fee"): bigint {
  must(Number.isSafeInteger(value) && Number(value) >= 0, reason, "an amount that is no integer");
  return BigInt(Number(value));
}
