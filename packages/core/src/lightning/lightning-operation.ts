import type { ErrorCode } from "../errors";

/** One row per lift or land: its state machine, money and the facts lnd told us about it. */
export interface LightningOperation {
  readonly id: bigint;
  readonly operationId: string;
  readonly invoiceType: "lift" | "land";
  readonly status: LiftStatus | LandStatus;
  /** 64 hex. Several lands may quote one hash; only `claimedHash` is unique. */
  readonly paymentHash: string;
  /** Set for a lift from the start; for a land by the transaction that hands its VTXO over. */
  readonly claimedHash: string | undefined;
  /** Of a lift: undefined until the node made it. */
  readonly bolt11: string | undefined;
  readonly userPubkey: string;
  readonly sessionId: string;
  readonly assetId: string;
  /** Base units of the asset; sats for gBTC. */
  readonly amount: bigint;
  /** Sats of the Lightning payment, without routing fees; of an asset's lift the carrier that is delivered under its units. */
  readonly amountSats: bigint;
  /** Land fee in the landed asset; 0 for a lift. */
  readonly fee: bigint;
  /** Output script a lift pays to, fixed when the row is made; of a land: the user's, for a refund. */
  readonly userScript: string;
  readonly memo: string;
  /** Price of the carrier of an asset's lift, part of its invoice. */
  readonly carrierUnits: bigint | undefined;
  /** Sats under the units that an asset's lift brought, as its HTLCs showed them. */
  readonly carrierMsat: bigint | undefined;
  /** Units that the quote of the invoice (a lift) or for the payment (a land) is about. */
  readonly quotedUnits: bigint | undefined;
  /** 64 hex. */
  readonly rfqId: string | undefined;
  /** Units that the payment of an asset's land took, routing included. */
  readonly debitedUnits: bigint | undefined;
  readonly feeLimitMsat: bigint | undefined;
  /** What the subsidy budget has reserved for this payment, sats, and the day it was taken from. */
  readonly subsidySats: bigint;
  readonly subsidyDay: string | undefined;
  readonly routingFeeMsat: bigint | undefined;
  /** Smallest expiry height among the HTLCs held for a lift. */
  readonly htlcExpiryHeight: number | undefined;
  readonly addIndex: bigint | undefined;
  readonly settleIndex: bigint | undefined;
  /** What arrived for a lift, msat; may exceed the amount. */
  readonly paidMsat: bigint | undefined;
  /** The VTXO a land moved to the gateway: the pivot of its refund. */
  readonly receivedVtxoId: string | undefined;
  readonly refundTxid: string | undefined;
  /** Payments started for a land. */
  readonly attempts: number;
  readonly errorCode: ErrorCode | undefined;
  readonly lastError: string | undefined;
  /** Since when the outcome at lnd is not known; undefined while it is. */
  readonly unknownSince: Date | undefined;
  readonly createdAt: Date;
  /** The invoice's expiry. */
  readonly expiresAt: Date;
  readonly acceptedAt: Date | undefined;
  readonly paidAt: Date | undefined;
  readonly version: number;
  readonly wakeSeq: number;
}

export type LiftStatus =
  | "pending"
  /** lnd holds the HTLCs. */
  | "accepted"
  /** A payout (or its kill tx) exists. */
  | "delivering"
  /** The user's VTXO is final; the invoice has to be settled. */
  | "delivered"
  | "paid"
  /** Delivered, and the HTLC was gone before it could be settled. */
  | "lost"
  | "expired"
  | "cancelled";

export type LandStatus =
  | "pending_payment"
  /** The user's VTXO is final at the gateway; nothing was sent. */
  | "received"
  /** A payment was started, or may have been. */
  | "in_flight"
  | "paid"
  /** Definitely not paid. With a received VTXO a refund follows. */
  | "failed"
  | "refunding"
  | "refunded"
  | "cancelled"
  | "expired";

/** One payment of a land's hash. Terminal attempts are never sent again. */
export interface LightningAttempt {
  readonly operationId: string;
  readonly attempt: number;
  readonly paymentHash: string;
  /** lnd's index once known. */
  readonly paymentIndex: bigint | undefined;
  /** Identity of the node and its largest payment_index when the attempt was written down. */
  readonly lndPubkey: string;
  readonly topIndex: bigint;
  /** undefined = written down, never sent. */
  readonly sentAt: Date | undefined;
  /** The newest send: what it started may appear for as long as a payment can take. */
  readonly lastSentAt: Date | undefined;
  readonly sends: number;
  /** When its node was first seen without payments it had: what that node does not show proves nothing from then on. */
  readonly forgottenAt: Date | undefined;
  readonly status: "created" | "sent" | "succeeded" | "failed" | "refused";
  /** Why it failed, in lnd's words. */
  readonly terminal: string | undefined;
}
