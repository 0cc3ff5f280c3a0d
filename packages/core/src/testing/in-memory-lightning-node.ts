import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

import { AppError } from "../errors";
import { decodeBolt11 } from "../lightning/bolt11";
import type { Clock } from "../ports/clock";
import type {
  AddHoldInvoiceRequest,
  AddInvoiceRequest,
  ConfirmationQuery,
  DecodedPaymentRequest,
  ForwardsPage,
  InvoiceCursor,
  LightningBalance,
  LightningChannel,
  LightningForward,
  LightningInvoice,
  LightningNode,
  LightningNodeInfo,
  LightningPayment,
  LightningWalletState,
  ListInvoicesPage,
  OnchainBalance,
  SendPaymentOutcome,
  Sending,
  SendPaymentRequest,
} from "../ports/lightning-node";
import { InMemoryInvoices, type ReceivedParts } from "./in-memory-invoices";
import { away, refusal, unknownOutcome, type CarriedUnits, type LightningFault } from "./in-memory-lightning";
import { InMemoryPayments, type PayeeAnswer } from "./in-memory-payments";

/** Calls a fault can be set on; `read` is every call that changes nothing. */
export type LightningCall =
  | "addHoldInvoice"
  | "settleInvoice"
  | "cancelInvoice"
  | "sendPayment"
  | "createAssetInvoice"
  | "requestSellQuote"
  | "payAssetInvoice"
  | "read";

const CAPACITY_MSAT = 100_000_000_000n;

/**
 * lnd behind its port, for tests that crash a lift or a land between any two calls: one hold invoice per hash, HTLCs that run out by
 * height, payments with a lifecycle each, and every call may be lost on its way there or back. Money is conserved: `localMsat`.
 */
export class InMemoryLightningNode implements LightningNode {
  /** Another value = another node answers at the same address. */
  nodePubkey = `02${"ab".repeat(32)}`;
  /** Asked before every call; returns the fault of this one. */
  fault: (call: LightningCall) => LightningFault | undefined = () => undefined;
  blockHeight = 1_000;
  syncedToChain = true;
  /** lnd's holdexpirydelta: an HTLC with this many blocks left is given back by lnd itself. */
  holdExpiryDelta = 18;
  /** Our side of the channels; HTLCs in flight are neither ours nor lost. */
  localMsat = CAPACITY_MSAT / 2n;
  /** What payees and the network make of payments, and what became of them. */
  readonly payees: InMemoryPayments["payees"];
  readonly timesPaid: InMemoryPayments["timesPaid"];
  readonly paid: InMemoryPayments["paid"];
  /** Heights of the blocks that hold transactions of others, by txid. */
  readonly chain = new Map<string, number>();
  private readonly forwards: LightningForward[] = [];
  private readonly invoices: InMemoryInvoices;
  private readonly payments: InMemoryPayments;

  constructor(private readonly clock: Clock) {
    this.invoices = new InMemoryInvoices(clock);
    this.payments = new InMemoryPayments(clock, (msat) => (this.localMsat += msat));
    ({ payees: this.payees, timesPaid: this.timesPaid, paid: this.paid } = this.payments);
  }

  /** Why the next payments are refused before anything leaves; undefined = they are taken. */
  set refusal(reason: string | undefined) {
    this.payments.refusal = reason;
  }

  /** How often a payment was asked for whose hash was paid or on its way. */
  get sentTwice(): number {
    return this.payments.sentTwice;
  }

  /** By how much its clock is behind the gateway's. */
  set behindMs(ms: number) {
    this.invoices.behindMs = ms;
  }

  /**
   * A payer's HTLCs arrive for one of our invoices. Together they must make up its value in time, else they are failed back: false.
   */
  receive(paymentHash: string, parts: ReceivedParts = {}): boolean {
    return this.invoices.receive(paymentHash, this.blockHeight, parts);
  }

  /** Blocks come in; held HTLCs that are about to run out are given back. */
  mine(blocks: number): void {
    this.blockHeight += blocks;
    this.invoices.giveBackBefore(this.blockHeight + this.holdExpiryDelta);
  }

  /** Whether the payer of an invoice has (or gets) its money back. */
  isReturned(paymentHash: string): boolean {
    const state = this.invoices.stateOf(paymentHash);
    return state === undefined || state === "canceled" || state === "open";
  }

  /** Whether the payment of an invoice is ours for good. */
  isSettled(paymentHash: string): boolean {
    return this.invoices.stateOf(paymentHash) === "settled";
  }

  /** Blocks until the first HTLC held for an invoice runs out; -1 when none is held. */
  heldBlocksLeft(paymentHash: string): number {
    const height = this.invoices.expiryHeightOf(paymentHash);
    return height === undefined ? -1 : height - this.blockHeight;
  }

  /** Whether a payment of ours is on its way. */
  isInFlight(paymentHash: string): boolean {
    return this.payments.find(paymentHash)?.status === "in_flight";
  }

  /** What was settled for our invoices, msat. */
  receivedMsat(): bigint {
    return this.invoices.settledHtlcs().reduce((sum, htlc) => sum + htlc.movedMsat, 0n);
  }

  /** Units that came in by settled invoices, less those that left by payments that succeeded or are on their way. */
  netUnits(assetId: string): bigint {
    const left = this.payments.list().filter(({ status }) => status === "succeeded" || status === "in_flight");
    const sum = (htlcs: readonly { readonly units: ReadonlyMap<string, bigint> }[]) =>
      htlcs.reduce((total, { units }) => total + (units.get(assetId) ?? 0n), 0n);
    return sum(this.invoices.settledHtlcs()) - sum(left.flatMap(({ htlcs }) => htlcs));
  }

  /** The same, as tapd counts them: what is on its way is ours until the payee has it. */
  ownUnits(assetId: string): bigint {
    const onTheirWay = this.payments.list().filter(({ status }) => status === "in_flight");
    return onTheirWay
      .flatMap(({ htlcs }) => htlcs)
      .reduce((sum, { units }) => sum + (units.get(assetId) ?? 0n), this.netUnits(assetId));
  }

  /** The end of a payment that hangs. */
  resolvePayment(paymentHash: string, answer: Exclude<PayeeAnswer, { kind: "hang" }>): void {
    this.payments.resolve(paymentHash, answer);
  }

  /** lnd is restored from an old backup or replaced: it knows nothing of these payments, and counts on from `topIndex`. */
  forgetPayments(topIndex = 0n): void {
    this.payments.forget(topIndex);
  }

  /** A payment of others goes through, now or `afterNs` later. */
  forward(feeMsat: bigint, afterNs = 0n): void {
    const settledAtNs = BigInt(this.clock.now().getTime()) * 1_000_000n + afterNs;
    this.forwards.push({ settledAtNs, inChanId: 1n, outChanId: 2n, feeMsat });
    this.localMsat += feeMsat;
  }

  /** Payments that have nothing to do with the gateway. */
  skipPayments(count: bigint): void {
    this.payments.topIndex += count;
  }

  async getInfo(): Promise<LightningNodeInfo> {
    this.meet("read");
    return {
      nodePubkey: this.nodePubkey,
      alias: "in-memory",
      version: "0.20.0",
      network: "regtest",
      blockHeight: this.blockHeight,
      syncedToChain: this.syncedToChain,
      syncedToGraph: true,
      activeChannels: 1,
      pendingChannels: 0,
      peers: 1,
    };
  }

  async getWalletState(): Promise<LightningWalletState> {
    this.meet("read");
    return "server_active";
  }

  async getLightningBalance(): Promise<LightningBalance> {
    this.meet("read");
    return {
      localMsat: this.localMsat,
      remoteMsat: CAPACITY_MSAT - this.localMsat,
      unsettledLocalMsat: 0n,
      unsettledRemoteMsat: 0n,
      pendingOpenLocalMsat: 0n,
      pendingOpenRemoteMsat: 0n,
    };
  }

  async getOnchainBalance(): Promise<OnchainBalance> {
    this.meet("read");
    return { totalSats: 0n, confirmedSats: 0n, unconfirmedSats: 0n, lockedSats: 0n, reservedAnchorSats: 0n };
  }

  async getTotalBalance() {
    return { lightning: await this.getLightningBalance(), onchain: await this.getOnchainBalance() };
  }

  async listChannels(): Promise<readonly LightningChannel[]> {
    this.meet("read");
    return [
      {
        channelPoint: `${"cd".repeat(32)}:0`,
        chanId: 1n,
        remotePubkey: `03${"cd".repeat(32)}`,
        isActive: true,
        isPrivate: false,
        isInitiator: true,
        capacitySats: CAPACITY_MSAT / 1000n,
        localSats: this.localMsat / 1000n,
        remoteSats: (CAPACITY_MSAT - this.localMsat) / 1000n,
        commitFeeSats: 0n,
        unsettledSats: 0n,
        localReserveSats: 0n,
        memo: "",
        pendingHtlcs: [...this.payments.pendingHtlcs(this.blockHeight), ...this.invoices.pendingHtlcs()],
      },
    ];
  }

  listPendingChannels = () => Promise.resolve({ limboSats: 0n, opening: [], waitingClose: [], forceClosing: [] });
  listClosedChannels = () => Promise.resolve([]);
  listPeers = () => Promise.resolve([]);
  connectPeer = () => notKept("peers");
  openChannel = () => notKept("channels");
  closeChannel = () => notKept("channels");
  sendOnchain = () => notKept("an on-chain wallet");
  newAddress = () => notKept("an on-chain wallet");
  estimateOnchainFee = () => notKept("an on-chain wallet");
  estimateRouteFee = () => notKept("a graph");
  listOnchainTransactions = () => Promise.resolve([]);

  async findConfirmation({ txid, confirmations }: ConfirmationQuery): Promise<number | undefined> {
    this.meet("read");
    const height = this.chain.get(txid);
    return height !== undefined && this.blockHeight - height + 1 >= confirmations ? height : undefined;
  }

  async listForwards({ since, offset, limit }: ForwardsPage): Promise<readonly LightningForward[]> {
    this.meet("read");
    const sinceNs = BigInt(Math.floor(since.getTime() / 1000)) * 1_000_000_000n;
    return this.forwards.filter(({ settledAtNs }) => settledAtNs >= sinceNs).slice(offset, offset + limit);
  }

  async addInvoice({ preimage, ...request }: AddInvoiceRequest): Promise<LightningInvoice> {
    this.meet("read");
    const paymentHash = hex.encode(sha256(hex.decode(preimage)));
    return this.invoices.add({ ...request, paymentHash, cltvExpiry: 80 });
  }

  async addHoldInvoice(request: AddHoldInvoiceRequest): Promise<LightningInvoice> {
    const fault = this.meet("addHoldInvoice");
    const invoice = this.invoices.add(request);
    if (fault === "lose_reply") throw unknownOutcome();
    return invoice;
  }

  async settleInvoice(preimage: string): Promise<void> {
    const fault = this.meet("settleInvoice");
    this.localMsat += this.invoices.settle(hex.encode(sha256(hex.decode(preimage))));
    if (fault === "lose_reply") throw unknownOutcome();
  }

  async cancelInvoice(paymentHash: string): Promise<void> {
    const fault = this.meet("cancelInvoice");
    this.invoices.cancel(paymentHash);
    if (fault === "lose_reply") throw unknownOutcome();
  }

  async lookupInvoice(paymentHash: string): Promise<LightningInvoice | undefined> {
    this.meet("read");
    return this.invoices.find(paymentHash);
  }

  async listInvoices(page: ListInvoicesPage) {
    this.meet("read");
    return this.invoices.list(page);
  }

  async *subscribeInvoices(cursor: InvoiceCursor): AsyncIterable<LightningInvoice> {
    this.meet("read");
    yield* this.invoices.since(cursor);
  }

  async *subscribeInvoice(paymentHash: string): AsyncIterable<LightningInvoice> {
    const invoice = await this.lookupInvoice(paymentHash);
    if (invoice !== undefined) yield invoice;
  }

  async decodePaymentRequest(bolt11: string): Promise<DecodedPaymentRequest> {
    this.meet("read");
    const { paymentHash, payeePubkey, amountMsat = 0n, expiresAt, minFinalCltv } = decodeBolt11(bolt11);
    return { paymentHash, destination: payeePubkey, amountMsat, expiresAt, minFinalCltv };
  }

  async sendPayment(request: SendPaymentRequest, sending?: Sending): Promise<SendPaymentOutcome> {
    this.requireInTime(sending);
    return this.payments.send(request, undefined, this.meet("sendPayment"));
  }

  /** As tapd has lnd pay: the units of the first HTLC are its own matter. */
  async sendUnits(request: SendPaymentRequest, carried: CarriedUnits, sending?: Sending): Promise<SendPaymentOutcome> {
    this.requireInTime(sending);
    return this.payments.send(request, carried, this.meet("payAssetInvoice"));
  }

  private requireInTime({ notAfter }: Sending = {}): void {
    if (notAfter === undefined || this.clock.now() < notAfter) return;
    throw new AppError("daemon_unavailable", { details: { service: "lnd" } });
  }

  /** As tapd has lnd make the invoice of an asset; refused when there is one of this hash. */
  addInvoiceOnce(request: AddHoldInvoiceRequest): LightningInvoice {
    const fault = this.meet("createAssetInvoice");
    if (this.invoices.has(request.paymentHash)) throw refusal("invoice_exists");
    const invoice = this.invoices.add(request);
    if (fault === "lose_reply") throw unknownOutcome();
    return invoice;
  }

  async trackPayment(paymentHash: string): Promise<LightningPayment | undefined> {
    this.meet("read");
    return this.payments.find(paymentHash);
  }

  async *followPayment(paymentHash: string): AsyncIterable<LightningPayment> {
    const payment = await this.trackPayment(paymentHash);
    if (payment !== undefined) yield payment;
  }

  async listPayments({ afterPaymentIndex, limit }: { readonly afterPaymentIndex: bigint; readonly limit: number }) {
    this.meet("read");
    return this.payments
      .list()
      .filter((each) => each.paymentIndex > afterPaymentIndex)
      .slice(0, limit);
  }

  async getTopPaymentIndex(): Promise<bigint> {
    this.meet("read");
    return this.payments.topIndex;
  }

  /** For what stands in front of this node, as tapd does. */
  meet(call: LightningCall): LightningFault | undefined {
    this.payments.startLate();
    const fault = this.fault(call);
    if (fault === "unavailable" || (fault !== undefined && call === "read")) throw away();
    return fault;
  }
}

function notKept(what: string): Promise<never> {
  return Promise.reject(new Error(`the node in memory keeps no ${what}`));
}
