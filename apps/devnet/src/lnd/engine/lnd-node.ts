import type { Invoice, NewInvoice } from "./invoice";
import type { LndEvents } from "./lnd-events";
import type { NewPayment, Payment } from "./payment";

/**
 * What the other simulators and the control API may do with the simulated lnd, without gRPC. `LndEngine` is its implementation.
 *
 * Everything is synchronous and journaled when it returns. Hashes, preimages and keys are lower-case hex in natural order, txids hex
 * in display order, byte strings of the wire (`customChannelData`) hex. Refusals are thrown as LndError with lnd's own text.
 */
export interface LndNode {
  /** 66 hex: our node, its routing peer, and the wallet outside the gateway (payer and payee of the tests). */
  readonly nodePubkey: string;
  readonly peerPubkey: string;
  readonly outsidePubkey: string;
  /** Height of the newest block this node has seen. */
  readonly height: number;
  /** Told after the journal has them, oldest first; a listener may call the node again. */
  readonly events: LndEvents;

  /** A normal invoice, or a hold invoice when `paymentHash` is given instead of a preimage. */
  addInvoice(invoice: NewInvoice): Invoice;
  findInvoice(paymentHash: string): Invoice | undefined;
  /** Settles an accepted hold invoice; settled already is success. */
  settleInvoice(preimage: string): void;
  cancelInvoice(paymentHash: string): void;

  /** Starts a payment and returns it as it is then: succeeded, failed, or in flight to a hold invoice. `events` tells the rest. */
  sendPayment(payment: NewPayment): Payment;
  findPayment(paymentHash: string): Payment | undefined;

  /** Confirmed and unconfirmed coins that may be spent, in sats. */
  spendableSats(): bigint;
  newAddress(type: AddressType): string;
  /** Pays from the wallet, with change; the tx confirms with the next block. Throws lnd's "insufficient funds" text. */
  sendOutputs(request: SendOutputsRequest): SentTransaction;
  /** The peer or the outside wallet pays an address or an anchor of ours on-chain. */
  receiveOnchain(output: OnchainOutput): { readonly txid: string; readonly vout: number };
  /** Gives an anchor output back to the wallet as an ordinary coin, for instance when a transfer consolidates anchors. */
  releaseAnchor(outpoint: string): void;

  /** Opens a channel to a connected peer; pending until confirmed. Returns `txid:vout`. */
  openChannel(request: OpenChannel): string;

  /** The asset layer on top: who carries assets through HTLCs and channels. One at a time; undefined removes it. */
  setAssetLayer(layer: AssetLayer | undefined): void;
}

export type AddressType = "p2wkh" | "np2wkh" | "p2tr";

export interface OnchainOutput {
  /** An address of the network; "anchor" = an output of the node that belongs to the asset layer and is no wallet coin. */
  readonly to: { readonly address: string } | "anchor";
  readonly amountSats: bigint;
}

export interface SendOutputsRequest {
  readonly outputs: readonly OnchainOutput[];
  /** Anchor outputs (`txid:vout`) to spend beside wallet coins. */
  readonly anchors?: readonly string[];
  readonly satPerVbyte: bigint;
  readonly label: string;
  /** 0 spends unconfirmed coins as well; 1 when absent. */
  readonly minConfs?: number;
}

export interface SentTransaction {
  readonly txid: string;
  readonly feeSats: bigint;
  /** `txid:vout` of each requested output, in order. */
  readonly outpoints: readonly string[];
  readonly changeOutpoint: string | undefined;
}

export interface OpenChannel {
  readonly nodePubkey: string;
  readonly localFundingSats: bigint;
  readonly pushSats?: bigint;
  readonly isPrivate?: boolean;
  readonly memo?: string;
  readonly satPerVbyte?: bigint;
  readonly minConfs?: number;
  readonly commitmentType?: CommitmentType;
}

export type CommitmentType = "anchors" | "simple_taproot" | "simple_taproot_overlay";

/** What an HTLC carries besides its millisatoshi. */
export interface AssetHtlc {
  /** Hex of the JSON text that litd puts into `custom_channel_data`. */
  readonly customChannelData: string;
  /** Millisatoshi that really move over our channel: the carrier amount. The rest of the value moves as assets. */
  readonly carrierMsat: bigint;
}

export interface AssetLayer {
  /**
   * Asked when an HTLC of one of our invoices arrives, before it is accepted. undefined = plain sats, for instance because the quote
   * has expired meanwhile.
   */
  carryIncoming(invoice: Invoice, amountMsat: bigint): AssetHtlc | undefined;
  /** Hex of `custom_channel_data` of a channel; "" for ordinary ones. */
  channelData(channelPoint: string): string;
}
