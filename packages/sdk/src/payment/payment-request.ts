import { hex } from "@scure/base";

import { toPubkeyHex } from "../nostr-utils.js";
import type { IntentContent } from "../payloads.js";

/** Sats, or units of an asset by the name that `pins.assets` has it under. */
export type PaymentRequest = PaymentTerms & (SatsPaid | UnitsPaid);

interface SatsPaid {
  readonly amountSats: number;
  readonly assetId?: never;
  readonly amount?: never;
}

interface UnitsPaid {
  readonly assetId: string;
  /** Base units. The recipient gets them on 330 of the payer's sats. */
  readonly amount: number;
  readonly amountSats?: never;
}

interface PaymentTerms extends WaitOptions {
  /** Hex or npub. */
  readonly recipient: string;
  /** Sats, whatever is paid. 10 for every transfer; anything else is refused by the gateway. */
  readonly feeSats?: number;
  /** 8..64 of A-Z a-z 0-9 _ -; the payment's identity: paying twice with one id pays once. */
  readonly actionId?: string;
  readonly sourceVtxos?: readonly string[];
  readonly dustPolicy?: "reject" | "to_recipient";
  /** How long the intent stays valid. */
  readonly validForSeconds?: number;
  /** Unix seconds, instead of `validForSeconds`. The same actionId and expiresAt over HTTP continue the same session. */
  readonly expiresAt?: number;
}

export interface WaitOptions {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface PaymentResult {
  readonly txid: string;
  readonly sessionId: string;
  readonly actionId: string;
  /** Id of the 31510 (Nostr only). */
  readonly intentEventId?: string;
  /** Of a land (Nostr only; over HTTP its route says it). */
  readonly paymentHash?: string;
  readonly elapsedMs: number;
}

const L2_FEE_SATS = 10;

/** The p2p_transfer that this request states; throws TypeError for an amount that is no safe integer. */
export function toTransferIntent(request: PaymentRequest): IntentContent {
  const amount = request.amountSats ?? request.amount;
  if (!Number.isSafeInteger(amount)) throw new TypeError("the amount must be a safe integer");
  return {
    action_id: request.actionId ?? `pay-${hex.encode(crypto.getRandomValues(new Uint8Array(12)))}`,
    type: "p2p_transfer",
    params: {
      asset_id: request.assetId ?? "gBTC",
      amount,
      recipient_pubkey: toPubkeyHex(request.recipient),
      fee_asset_id: "gBTC",
      fee_amount: request.feeSats ?? L2_FEE_SATS,
      ...(request.sourceVtxos ? { source_vtxos: request.sourceVtxos } : {}),
      ...(request.dustPolicy ? { dust_policy: request.dustPolicy } : {}),
    },
    expires_at: expiryOf(request),
  };
}

/** Unix seconds. */
function expiryOf({ expiresAt, validForSeconds = 600 }: PaymentRequest): number {
  return expiresAt ?? Math.floor(Date.now() / 1000) + validForSeconds;
}
