import { hex } from "@scure/base";

import type { IntentContent } from "./payloads.js";

export interface IntentTimes {
  /** How long the intent stays valid. */
  readonly validForSeconds?: number;
  /** Unix seconds, instead of `validForSeconds`. */
  readonly expiresAt?: number;
}

/** Sats, or units of another asset by the gateway's name of it. */
export type LightningAmount =
  | { readonly amountSats: number; readonly assetId?: undefined; readonly amount?: undefined }
  | { readonly assetId: string; readonly amount: number; readonly amountSats?: undefined };

export type LiftIntentRequest = LightningAmount & LiftIntentFields;

interface LiftIntentFields extends IntentTimes {
  /** Claims a lift that was begun before, by its own user only. */
  readonly paymentHash?: string;
  readonly actionId?: string;
}

/** Sats as the invoice asks for them, or units that are enough for it; the fee comes on top. */
export type LandIntentRequest = LightningAmount & LandIntentFields;

interface LandIntentFields extends IntentTimes {
  /** BOLT11. */
  readonly invoice: string;
  /** 8..64 of A-Z a-z 0-9 _ -; the land's identity: landing twice with one id lands once. */
  readonly actionId?: string;
  /** `landFee(amount, landFeeBps)`, in what is landed; anything else is refused by the gateway. */
  readonly fee?: number;
  /** The older name of `fee`. */
  readonly feeSats?: number;
  /** The gateway's fee for lands, in hundredths of a percent, as the wallet has pinned it; 10 when absent. */
  readonly landFeeBps?: number;
}

const VALID_FOR_SECONDS = 600;
/** 0.1 %, unless the operator has set another. */
const LAND_FEE_BPS = 10;
const BPS = 10_000n;

/** The fee of a land, in what is landed: `bps` of the amount, rounded up, at least 1. Throws TypeError for what is no share. */
export function landFee(amount: number, bps: number = LAND_FEE_BPS): number {
  if (!Number.isInteger(bps) || bps < 0 || bps > Number(BPS)) throw new TypeError("a fee is 0 to 10000 basis points");
  const fee = (BigInt(requireAmount(amount)) * BigInt(bps) + BPS - 1n) / BPS;
  return fee > 1n ? Number(fee) : 1;
}

/** The fee of a land of sats. */
export function landFeeSats(amountSats: number, bps?: number): number {
  return landFee(amountSats, bps);
}

/** What a request asks for; throws TypeError for an amount that is no safe integer. */
export function readLightningAmount(request: LightningAmount): { readonly assetId: string; readonly amount: number } {
  const { assetId = "gBTC" } = request;
  return { assetId, amount: requireAmount(request.amountSats ?? request.amount) };
}

/** What a land's user states as its fee. */
export function readLandFee(request: LandIntentRequest): number {
  return request.fee ?? request.feeSats ?? landFee(readLightningAmount(request).amount, request.landFeeBps);
}

/** The content of a `lightning:lift`; a lift is free. */
export function createLiftIntent(request: LiftIntentRequest): IntentContent {
  const { paymentHash, actionId = newId("lift") } = request;
  const { assetId, amount } = readLightningAmount(request);
  return {
    action_id: actionId,
    type: "lightning:lift",
    params: {
      asset_id: assetId,
      amount,
      fee_asset_id: "gBTC",
      fee_amount: 0,
      ...(paymentHash === undefined ? {} : { payment_hash: paymentHash }),
    },
    expires_at: expiryOf(request),
  };
}

/** The content of a `lightning:land`, with the fee filled in. */
export function createLandIntent(request: LandIntentRequest): IntentContent {
  const { invoice, actionId = newId("land") } = request;
  const { assetId, amount } = readLightningAmount(request);
  return {
    action_id: actionId,
    type: "lightning:land",
    params: {
      asset_id: assetId,
      amount,
      lightning_invoice: invoice,
      fee_asset_id: assetId,
      fee_amount: readLandFee(request),
    },
    expires_at: expiryOf(request),
  };
}

export function newId(prefix: string): string {
  return `${prefix}-${hex.encode(crypto.getRandomValues(new Uint8Array(12)))}`;
}

export function requireAmount(amount: number): number {
  if (!Number.isSafeInteger(amount)) throw new TypeError("an amount must be a safe integer");
  return amount;
}

export function expiryOf({ expiresAt, validForSeconds = VALID_FOR_SECONDS }: IntentTimes): number {
  return expiresAt ?? Math.floor(Date.now() / 1000) + validForSeconds;
}
