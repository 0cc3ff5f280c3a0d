import { hex } from "@scure/base";

import type { IntentContent } from "./payloads.js";

export interface IntentTimes {
  /** How long the intent stays valid. */
  readonly validForSeconds?: number;
  /** Unix seconds, instead of `validForSeconds`. */
  readonly expiresAt?: number;
}

export interface LiftIntentRequest extends IntentTimes {
  readonly amountSats: number;
  /** Claims a lift that was begun before, by its own user only. */
  readonly paymentHash?: string;
  readonly actionId?: string;
}

export interface LandIntentRequest extends IntentTimes {
  /** What the invoice asks for; the fee comes on top. */
  readonly amountSats: number;
  /** BOLT11. */
  readonly invoice: string;
  /** 8..64 of A-Z a-z 0-9 _ -; the land's identity: landing twice with one id lands once. */
  readonly actionId?: string;
  /** `landFeeSats(amountSats)`; anything else is refused by the gateway. */
  readonly feeSats?: number;
}

const VALID_FOR_SECONDS = 600;
/** 0.1 %. */
const LAND_FEE_DIVISOR = 1000;

/** The fee of a land: 0.1 % rounded up, at least 1. */
export function landFeeSats(amountSats: number): number {
  return Math.max(1, Math.ceil(requireAmount(amountSats) / LAND_FEE_DIVISOR));
}

/** The content of a `lightning:lift`; a lift is free. */
export function createLiftIntent(request: LiftIntentRequest): IntentContent {
  const { amountSats, paymentHash, actionId = newId("lift") } = request;
  return {
    action_id: actionId,
    type: "lightning:lift",
    params: {
      asset_id: "gBTC",
      amount: requireAmount(amountSats),
      fee_asset_id: "gBTC",
      fee_amount: 0,
      ...(paymentHash === undefined ? {} : { payment_hash: paymentHash }),
    },
    expires_at: expiryOf(request),
  };
}

/** The content of a `lightning:land`, with the fee filled in. */
export function createLandIntent(request: LandIntentRequest): IntentContent {
  const { amountSats, invoice, actionId = newId("land") } = request;
  return {
    action_id: actionId,
    type: "lightning:land",
    params: {
      asset_id: "gBTC",
      amount: requireAmount(amountSats),
      lightning_invoice: invoice,
      fee_asset_id: "gBTC",
      fee_amount: request.feeSats ?? landFeeSats(amountSats),
    },
    expires_at: expiryOf(request),
  };
}

export function newId(prefix: string): string {
  return `${prefix}-${hex.encode(crypto.getRandomValues(new Uint8Array(12)))}`;
}

function requireAmount(amountSats: number): number {
  if (!Number.isSafeInteger(amountSats)) throw new TypeError("amountSats must be a safe integer");
  return amountSats;
}

function expiryOf({ expiresAt, validForSeconds = VALID_FOR_SECONDS }: IntentTimes): number {
  return expiresAt ?? Math.floor(Date.now() / 1000) + validForSeconds;
}
