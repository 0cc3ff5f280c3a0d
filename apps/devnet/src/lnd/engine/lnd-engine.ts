import type { SeededRandom } from "../../clock/seeded-random";
import type { VirtualClock } from "../../clock/virtual-clock";
import { addInvoice } from "./add-invoice";
import { blockHash, reorg, syncToHeight } from "./blocks";
import type { Channel } from "./channel";
import { type CloseChannel, closeChannel, publishAwaitedClosings } from "./close-channel";
import { noticeConcludedPayments } from "./conclude-payment";
import { type LndConservation, lndConservation } from "./conservation";
import { sweepExpiries } from "./expiries";
import { forwardForPeer } from "./forward-payment";
import { createNetwork } from "./genesis";
import type { Invoice, NewInvoice } from "./invoice";
import type { LndContext } from "./lnd-context";
import { LndEvents } from "./lnd-events";
import type { LndKeys } from "./lnd-keys";
import type {
  AddressType,
  AssetLayer,
  LndNode,
  OnchainOutput,
  OpenChannel,
  SendOutputsRequest,
  SentTransaction,
} from "./lnd-node";
import type { LndSettings } from "./lnd-settings";
import { type Forward, type LndRecord, LndStore } from "./lnd-store";
import { openChannel } from "./open-channel";
import { findOutsidePayment, payFromOutside } from "./outside-wallet";
import type { NewPayment, Payment } from "./payment";
import { deliverPayment } from "./receive-payment";
import { checkNotStarted, startPayment, toPaymentTarget } from "./send-payment";
import { cancelInvoice, settleInvoice } from "./settle-invoice";
import { newAddress, receiveOnchain, releaseAnchor, sendOutputs, spendableCoins, sum } from "./wallet";

export interface LndEngineDeps {
  readonly keys: LndKeys;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  /** Must have written the record when it returns: the effect is told to the world right after. */
  readonly append: (record: LndRecord) => void;
}

/**
 * The simulated Lightning network without its transport: our node, the peer it has channels with, and the wallet outside. Every method
 * is synchronous, so no two calls interleave.
 */
export class LndEngine implements LndNode {
  readonly events = new LndEvents();
  readonly store: LndStore;
  readonly context: LndContext;
  #assetLayer: AssetLayer | undefined;
  #nextSweepAt = 0;

  constructor(deps: LndEngineDeps) {
    this.store = new LndStore(deps.append, this.events);
    const { keys, clock, random } = deps;
    this.context = { store: this.store, keys, clock, random, assetLayer: () => this.#assetLayer };
    // New invoices and new HTLCs bring deadlines of their own.
    this.events.listen(({ kind }) => {
      if (kind === "invoice") this.#nextSweepAt = 0;
    });
  }

  /** After the journal has been replayed: makes the network at the first start, and takes up what a crash left half done. */
  resume(chainHeight: number): void {
    if (this.store.isEmpty) createNetwork(this.context, chainHeight);
    for (const owner of ["node", "outside"] as const) {
      for (const rowKey of this.store.payments(owner).keys()) deliverPayment(this.context, owner, rowKey);
    }
    this.noticeRestart();
    this.syncToHeight(chainHeight);
    this.sweep();
  }

  get nodePubkey(): string {
    return this.context.keys.pubkeyOf("node");
  }

  get peerPubkey(): string {
    return this.context.keys.pubkeyOf("peer");
  }

  get outsidePubkey(): string {
    return this.context.keys.pubkeyOf("outside");
  }

  get height(): number {
    return this.store.meta.height;
  }

  blockHash(): string {
    return blockHash(this.context);
  }

  addInvoice(invoice: NewInvoice): Invoice {
    return addInvoice(this.context, "node", invoice);
  }

  findInvoice(paymentHash: string): Invoice | undefined {
    return this.store.invoices("node").get(paymentHash);
  }

  settleInvoice(preimage: string): void {
    settleInvoice(this.context, "node", preimage);
    publishAwaitedClosings(this.context);
  }

  cancelInvoice(paymentHash: string): void {
    cancelInvoice(this.context, "node", paymentHash);
    publishAwaitedClosings(this.context);
  }

  sendPayment(request: NewPayment): Payment {
    const target = toPaymentTarget(this.context, request);
    checkNotStarted(this.findPayment(target.paymentHash));
    startPayment(this.context, "node", target.paymentHash, target, request);
    deliverPayment(this.context, "node", target.paymentHash);
    const payment = this.findPayment(target.paymentHash);
    if (payment === undefined) throw new Error(`payment ${target.paymentHash} was started and is not there`);
    return payment;
  }

  findPayment(paymentHash: string): Payment | undefined {
    return this.store.payments("node").get(paymentHash);
  }

  /** The wallet outside; see payFromOutside. */
  payFromOutside(bolt11: string, amountMsat: bigint | undefined): Payment {
    return payFromOutside(this.context, bolt11, { amountMsat });
  }

  findOutsidePayment(paymentHash: string): Payment | undefined {
    return findOutsidePayment(this.context, paymentHash);
  }

  addOutsideInvoice(invoice: NewInvoice): Invoice {
    // Its deadline is not told by an event.
    this.#nextSweepAt = 0;
    return addInvoice(this.context, "outside", invoice);
  }

  findOutsideInvoice(paymentHash: string): Invoice | undefined {
    return this.store.invoices("outside").get(paymentHash);
  }

  /** With a preimage of the caller, or the one that the outside wallet keeps for this hash. */
  settleOutsideInvoice(secret: { readonly preimage: string } | { readonly paymentHash: string }): Invoice {
    const preimage =
      "preimage" in secret ? secret.preimage : (this.findOutsideInvoice(secret.paymentHash)?.keptPreimage ?? "");
    const invoice = settleInvoice(this.context, "outside", preimage);
    publishAwaitedClosings(this.context);
    return invoice;
  }

  cancelOutsideInvoice(paymentHash: string): Invoice {
    const invoice = cancelInvoice(this.context, "outside", paymentHash);
    publishAwaitedClosings(this.context);
    return invoice;
  }

  /** The peer pays somebody behind itself over two channels of ours. Throws LndError when none of them can carry it. */
  forwardForPeer(amountMsat: bigint): Forward {
    return forwardForPeer(this.context, amountMsat);
  }

  spendableSats(): bigint {
    return sum(spendableCoins(this.context, 0).map(({ amountSats }) => amountSats));
  }

  newAddress(type: AddressType): string {
    return newAddress(this.context, type);
  }

  sendOutputs(request: SendOutputsRequest): SentTransaction {
    return sendOutputs(this.context, request);
  }

  receiveOnchain(output: OnchainOutput): { readonly txid: string; readonly vout: number } {
    return receiveOnchain(this.context, output, "outside");
  }

  /** New money for the node's wallet, as from a miner. */
  deposit(amountSats: bigint): { readonly txid: string; readonly address: string } {
    const address = this.newAddress("p2tr");
    return { ...receiveOnchain(this.context, { to: { address }, amountSats }, "mint"), address };
  }

  releaseAnchor(outpoint: string): void {
    releaseAnchor(this.context, outpoint);
  }

  openChannel(request: OpenChannel): string {
    return openChannel(this.context, request).channelPoint;
  }

  closeChannel(request: CloseChannel): Channel {
    return closeChannel(this.context, request);
  }

  setAssetLayer(layer: AssetLayer | undefined): void {
    this.#assetLayer = layer;
  }

  /** Hex of a channel's custom_channel_data; "" for ordinary ones. */
  channelData(channelPoint: string): string {
    return this.#assetLayer?.channelData(channelPoint) ?? "";
  }

  connectPeer(pubkey: string, host: string): void {
    this.store.transact(() => this.store.putPeer({ pubkey, host, isInbound: false }));
  }

  changeSettings(change: Partial<LndSettings>): void {
    const before = this.store.settings;
    this.store.transact(() => {
      this.store.changeMeta({ settings: { ...before, ...change } });
      this.store.emit({ kind: "settings" });
      const { isPeerOnline = before.isPeerOnline } = change;
      if (isPeerOnline === before.isPeerOnline) return;
      for (const channel of this.store.channels.values()) {
        if (channel.status !== "open" || !channel.ends.includes("node") || !channel.ends.includes("peer")) continue;
        const { channelPoint } = channel;
        this.store.emit({ kind: "channel", change: isPeerOnline ? "active" : "inactive", channelPoint });
      }
    });
  }

  /** Lets settle_index begin anew, as the migration of lnd's invoices to SQL did. */
  resetSettleIndex(): void {
    this.store.transact(() => this.store.changeMeta({ settleIndex: 0n }));
  }

  /** Payments whose end the node has missed are seen after a restart. */
  noticeRestart(): void {
    noticeConcludedPayments(this.context);
  }

  syncToHeight(height: number): void {
    syncToHeight(this.context, height);
    publishAwaitedClosings(this.context);
  }

  reorg(blocks: number): void {
    reorg(this.context, blocks);
  }

  /** Invoices and incomplete sets whose time is over. Cheap when there are none. */
  sweep(): void {
    if (this.#nextSweepAt > this.context.clock.nowSeconds()) return;
    this.#nextSweepAt = sweepExpiries(this.context);
    publishAwaitedClosings(this.context);
  }

  conservation(): LndConservation {
    return lndConservation(this.context);
  }

  /** Empties everything and makes the network anew; keys stay. */
  reset(chainHeight: number): void {
    this.store.reset();
    this.#nextSweepAt = 0;
    createNetwork(this.context, chainHeight);
  }
}
