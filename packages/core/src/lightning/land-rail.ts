import type { LightningPayment, Sending, SendPaymentOutcome } from "../ports/lightning-node";
import type { LightningOperation } from "./lightning-operation";

/** What pays for a land: sats over lnd, or units of an asset over tapd and lnd. lnd tracks both. */
export interface LandRail {
  /** What of the land's fee can pay for routing, sats: an asset's is units. */
  routingFeeSats(operation: LightningOperation): bigint;
  /** What routing may cost above it, sats: asked of the daily subsidy. */
  wantedSubsidySats(operation: LightningOperation): bigint;
  /** A price that covers the payment, asked for before anything is sent; undefined = nobody takes it at what the user gave. */
  findOffer(operation: LightningOperation): Promise<Offer | undefined>;
  /** `outcome_unknown` when no definite answer came. Called once the attempt is marked as sent. */
  send(operation: LightningOperation, offer: Offer, sending: Sending): Promise<SendPaymentOutcome>;
  /** Units that a payment took; undefined for sats. */
  debitedUnits(payment: LightningPayment): bigint | undefined;
}

/** Empty for sats, whose price is 1. */
export interface Offer {
  readonly rfqId?: string;
  readonly peerPubkey?: string;
}
