import type { Posting } from "../ports/ledger-store";
import type { LightningInvoice } from "../ports/lightning-node";
import type { LightningOperation } from "./lightning-operation";

/** What the payment of a lift travels on: sats over lnd, or units of an asset over tapd and lnd. */
export interface LiftRail {
  /** Of the stock it is delivered from; undefined = plain sats. */
  readonly arkAssetId: string | undefined;
  /**
   * Makes the hold invoice over the lift's own hash, or finds the one that was made before. `daemon_rejected` = it can never be made;
   * every other error is a reason to try again.
   */
  makeInvoice(operation: LightningOperation, expirySeconds: number): Promise<MadeInvoice>;
  /** What an ACCEPTED or SETTLED invoice has brought. */
  judgeIncoming(operation: LightningOperation, invoice: LightningInvoice): IncomingVerdict;
  /** Sats under held units, msat: only while lnd still lists the HTLCs. undefined = everything that came is sats. */
  readCarrierMsat(operation: LightningOperation): Promise<bigint | undefined>;
  /** The invoice is settled; what it brought above what is owed is not ours to keep. */
  paidPostings(operation: LightningOperation, invoice: LightningInvoice): readonly Posting[];
}

export interface MadeInvoice {
  readonly bolt11: string;
  readonly addIndex: bigint;
  readonly expiresAt: Date;
  /** Units that the invoice asks for, and their quote; undefined for sats, and when tapd's answer was lost. */
  readonly quotedUnits?: bigint;
  readonly rfqId?: string;
}

export type IncomingVerdict =
  | { readonly kind: "whole" }
  /** Not all of it is here yet. */
  | { readonly kind: "partial" }
  /** All that will come is here, and it is not what is owed. */
  | { readonly kind: "wrong"; readonly why: string };
