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
  /** `landFee(amount)`, in what is landed; anything else is refused by the gateway. */
  readonly fee?: number;
  /** The older name of `fee`. */
  readonly feeSats?: number;
}

const VALID_FOR_SECONDS = 600;
/** 0.1 %. */
const LAND_FEE_DIVISOR = 1000;

/** The fee of a land, in what is landed: 0.1 % rounded up, at least 1. */
export function landFee(amount: number): number {
  return Math.max(1, Math.ceil(requireAmount(amount) / LAND_FEE_DIVISOR));
}

/** The fee of a land of sats. */
export function landFeeSats(amountSats: number): number {
  return landFee(amountSats);
}

/** What a request asks for; throws TypeError for an amount that is no safe integer. */
export function readLightningAmount(request: LightningAmount): { readonly assetId: string; readonly amount: number } {
  const { assetId = "gBTC" } = request;
  return { assetId, amount: requireAmount(request.amountSats ?? request.amount) };
}

/** What a land's user states as its fee. */
export function readLandFee(request: LandIntentRequest): number {
  return request.fee ?? request.feeSats ?? landFee(readLightningAmount(request).amount);
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

function requireAmount(amount: number): number {
  if (!Number.isSafeInteger(amount)) throw new TypeError("an amount must be a safe integer");
  return amount;
}

function expiryOf({ expiresAt, validForSeconds = VALID_FOR_SECONDS }: IntentTimes): number {
  return expiresAt ?? Math.floor(Date.now() / 1000) + validForSeconds;
}
