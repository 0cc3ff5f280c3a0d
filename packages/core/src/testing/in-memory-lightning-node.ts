import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

import { AppError } from "../errors";
import { decodeBolt11 } from "../lightning/bolt11";
import type { Clock } from "../ports/clock";
import type {
  AddHoldInvoiceRequest,
  AddInvoiceRequest,
  DecodedPaymentRequest,
  ForwardsPage,
  InvoiceCursor,
  InvoiceHtlc,
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
  PaymentFailureReason,
  SendPaymentOutcome,
  SendPaymentRequest,
} from "../ports/lightning-node";

/** What happens to one call: it never arrives, its answer is lost, or (a payment) it is carried out after its caller gave up. */
export type LightningFault = "unavailable" | "lose_reply" | "late";
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

/** What an HTLC carries when units of an asset travel: less sats than it is worth. */
export interface CarriedUnits {
  readonly units: ReadonlyMap<string, bigint>;
  readonly carrierMsat: bigint;
}

export interface ReceivedParts {
  readonly partsMsat?: readonly bigint[];
  readonly blocks?: number;
  /** With each part. */
  readonly carried?: CarriedUnits;
}

/** How the network answers a payment of ours. `hang` = its HTLC stays in flight until `resolvePayment`. */
export type PayeeAnswer =
  | { readonly kind: "pay"; readonly preimage: string; readonly feeMsat: bigint }
  | { readonly kind: "fail"; readonly reason: PaymentFailureReason }
  | { readonly kind: "hang" };

interface HeldInvoice {
  readonly invoice: Omit<LightningInvoice, "state" | "htlcs" | "amtPaidMsat" | "settleIndex">;
  state: LightningInvoice["state"];
  htlcs: HeldHtlc[];
  settleIndex: bigint;
}

/** `movedMsat` = sats that really cross the channel. */
type HeldHtlc = InvoiceHtlc & { readonly movedMsat: bigint };

/** How long after it was asked for a late payment starts. */
const LATE_MS = 25_000;
const CAPACITY_MSAT = 100_000_000_000n;

/**
 * lnd behind its port, for tests that crash a lift or a land between any two calls: one hold invoice per hash, HTLCs that run out by
 * height, payments with a lifecycle each, and every call may be lost on its way there or back. Money is conserved: `localMsat`.
 */
export class InMemoryLightningNode implements LightningNode {
  /** Another value = another node answers at the same address. */
  nodePubkey = `02${"ab".repeat(32)}`;
  /** Why the next payments are refused before anything leaves; undefined = they are taken. */
  refusal: string | undefined;
  /** Asked before every call; returns the fault of this one. */
  fault: (call: LightningCall) => LightningFault | undefined = () => undefined;
  blockHeight = 1_000;
  syncedToChain = true;
  /** lnd's holdexpirydelta: an HTLC with this many blocks left is given back by lnd itself. */
  holdExpiryDelta = 18;
  /** Our side of the channels; HTLCs in flight are neither ours nor lost. */
  localMsat = CAPACITY_MSAT / 2n;
  /** What the network does with a payment to this hash; without an entry there is no route. */
  readonly payees = new Map<string, PayeeAnswer>();
  /** How often each hash was really paid: never more than once. */
  readonly timesPaid = new Map<string, number>();
  /** What left the channels for each hash that was paid, msat, fee included, and the payment_index that did it. */
  readonly paid = new Map<string, { readonly msat: bigint; readonly paymentIndex: bigint }>();
  /** How often a payment was asked for whose hash was paid or on its way. */
  sentTwice = 0;
  /** By how much its clock is behind the gateway's. */
  behindMs = 0;
  private readonly forwards: LightningForward[] = [];
  private readonly invoices = new Map<string, HeldInvoice>();
  private readonly payments: LightningPayment[] = [];
  private readonly late: {
    readonly dueAt: number;
    readonly request: SendPaymentRequest;
    readonly carried: CarriedUnits | undefined;
  }[] = [];
  private settled = 0n;
  private topIndex = 0n;

  constructor(private readonly clock: Clock) {}

  /**
   * A payer's HTLCs arrive for one of our invoices. Together they must make up its value in time, else they are failed back: false.
   */
  receive(paymentHash: string, { partsMsat, blocks = 144, carried }: ReceivedParts = {}): boolean {
    const held = this.invoices.get(paymentHash);
    if (held?.state !== "open" || this.isExpired(held)) return false;
    const parts = partsMsat ?? [held.invoice.valueMsat];
    if (parts.reduce((sum, part) => sum + part, 0n) < held.invoice.valueMsat) return false;
    const expiryHeight = this.blockHeight + blocks;
    held.htlcs = parts.map((amtMsat) => ({
      state: "accepted",
      amtMsat,
      expiryHeight,
      units: carried?.units ?? new Map<string, bigint>(),
      movedMsat: carried?.carrierMsat ?? amtMsat,
    }));
    held.state = "accepted";
    return true;
  }

  /** Blocks come in; held HTLCs that are about to run out are given back. */
  mine(blocks: number): void {
    this.blockHeight += blocks;
    for (const held of this.invoices.values()) {
      const expires = held.htlcs.map((htlc) => htlc.expiryHeight - this.holdExpiryDelta);
      if (held.state === "accepted" && Math.min(...expires) <= this.blockHeight) this.giveBack(held);
    }
  }

  /** Whether the payer of an invoice has (or gets) its money back. */
  isReturned(paymentHash: string): boolean {
    const held = this.invoices.get(paymentHash);
    return held === undefined || held.state === "canceled" || held.state === "open";
  }

  /** Whether the payment of an invoice is ours for good. */
  isSettled(paymentHash: string): boolean {
    return this.invoices.get(paymentHash)?.state === "settled";
  }

  /** Blocks until the first HTLC held for an invoice runs out; -1 when none is held. */
  heldBlocksLeft(paymentHash: string): number {
    const held = this.invoices.get(paymentHash);
    if (held?.state !== "accepted") return -1;
    return Math.min(...held.htlcs.map((htlc) => htlc.expiryHeight)) - this.blockHeight;
  }

  /** Whether a payment of ours is on its way. */
  isInFlight(paymentHash: string): boolean {
    return this.findPayment(paymentHash)?.status === "in_flight";
  }

  /** What was settled for our invoices, msat. */
  receivedMsat(): bigint {
    return [...this.invoices.values()].reduce(
      (sum, held) => (held.state === "settled" ? sum + movedMsat(held.htlcs) : sum),
      0n,
    );
  }

  /** Units that came in by settled invoices, less those that left by payments that succeeded or are on their way. */
  netUnits(assetId: string): bigint {
    const settled = [...this.invoices.values()].filter(({ state }) => state === "settled");
    const left = this.payments.filter(({ status }) => status === "succeeded" || status === "in_flight");
    const sum = (htlcs: readonly { readonly units: ReadonlyMap<string, bigint> }[]) =>
      htlcs.reduce((total, { units }) => total + (units.get(assetId) ?? 0n), 0n);
    return sum(settled.flatMap(({ htlcs }) => htlcs)) - sum(left.flatMap(({ htlcs }) => htlcs));
  }

  /** The end of a payment that hangs. */
  resolvePayment(paymentHash: string, answer: Exclude<PayeeAnswer, { kind: "hang" }>): void {
    const index = this.payments.findLastIndex((each) => each.paymentHash === paymentHash);
    const payment = this.payments[index];
    if (payment?.status !== "in_flight") throw new Error(`no payment of ${paymentHash} is in flight`);
    this.payments[index] = this.answered(payment, answer);
  }

  /** lnd is restored from an old backup or replaced: it knows nothing of these payments, and counts on from `topIndex`. */
  forgetPayments(topIndex = 0n): void {
    this.payments.length = 0;
    this.topIndex = topIndex;
  }

  /** A payment of others goes through, now or `afterNs` later. */
  forward(feeMsat: bigint, afterNs = 0n): void {
    const settledAtNs = BigInt(this.clock.now().getTime()) * 1_000_000n + afterNs;
    this.forwards.push({ settledAtNs, inChanId: 1n, outChanId: 2n, feeMsat });
    this.localMsat += feeMsat;
  }

  /** Payments that have nothing to do with the gateway. */
  skipPayments(count: bigint): void {
    this.topIndex += count;
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
    const inFlight = this.payments.filter((each) => each.status === "in_flight");
    const held = [...this.invoices.values()].filter(({ state }) => state === "accepted");
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
        pendingHtlcs: [
          ...inFlight.map((each) => ({
            isIncoming: false,
            amountSats: each.htlcs.reduce((sum, htlc) => sum + htlc.sentMsat, 0n) / 1000n,
            paymentHash: each.paymentHash,
            isForwarded: false,
            expirationHeight: this.blockHeight + 40,
          })),
          ...held.flatMap(({ invoice, htlcs }) =>
            htlcs.map((htlc) => ({
              isIncoming: true,
              amountSats: htlc.movedMsat / 1000n,
              paymentHash: invoice.paymentHash,
              isForwarded: false,
              expirationHeight: htlc.expiryHeight,
            })),
          ),
        ],
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

  async listForwards({ since, offset, limit }: ForwardsPage): Promise<readonly LightningForward[]> {
    this.meet("read");
    const sinceNs = BigInt(Math.floor(since.getTime() / 1000)) * 1_000_000_000n;
    return this.forwards.filter(({ settledAtNs }) => settledAtNs >= sinceNs).slice(offset, offset + limit);
  }

  async addInvoice({ preimage, ...request }: AddInvoiceRequest): Promise<LightningInvoice> {
    this.meet("read");
    const paymentHash = hex.encode(sha256(hex.decode(preimage)));
    return this.add({ ...request, paymentHash, cltvExpiry: 80 });
  }

  async addHoldInvoice(request: AddHoldInvoiceRequest): Promise<LightningInvoice> {
    const fault = this.meet("addHoldInvoice");
    const invoice = this.add(request);
    if (fault === "lose_reply") throw unknownOutcome();
    return invoice;
  }

  async settleInvoice(preimage: string): Promise<void> {
    const fault = this.meet("settleInvoice");
    const held = this.invoices.get(hex.encode(sha256(hex.decode(preimage))));
    if (held === undefined) throw refusal("invoice_unknown");
    if (held.state === "canceled") throw refusal("invoice_canceled");
    if (held.state === "open") throw refusal("invoice_open");
    if (held.state === "accepted") this.settle(held);
    if (fault === "lose_reply") throw unknownOutcome();
  }

  async cancelInvoice(paymentHash: string): Promise<void> {
    const fault = this.meet("cancelInvoice");
    const held = this.invoices.get(paymentHash);
    if (held === undefined) throw refusal("invoice_unknown");
    if (held.state === "settled") throw refusal("invoice_settled");
    this.giveBack(held);
    if (fault === "lose_reply") throw unknownOutcome();
  }

  async lookupInvoice(paymentHash: string): Promise<LightningInvoice | undefined> {
    this.meet("read");
    const held = this.invoices.get(paymentHash);
    return held === undefined ? undefined : this.show(held);
  }

  async listInvoices({ afterAddIndex, limit, pendingOnly = false }: ListInvoicesPage) {
    this.meet("read");
    return [...this.invoices.values()]
      .filter((held) => held.invoice.addIndex > afterAddIndex)
      .filter((held) => !pendingOnly || held.state === "open" || held.state === "accepted")
      .slice(0, limit)
      .map((held) => this.show(held));
  }

  async *subscribeInvoices(cursor: InvoiceCursor): AsyncIterable<LightningInvoice> {
    this.meet("read");
    for (const held of this.invoices.values()) {
      if (held.settleIndex > cursor.settleIndex || held.invoice.addIndex > cursor.addIndex) yield this.show(held);
    }
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

  async sendPayment(request: SendPaymentRequest): Promise<SendPaymentOutcome> {
    return this.send("sendPayment", request, undefined);
  }

  /** As tapd has lnd pay: the units of the first HTLC are its own matter. */
  async sendUnits(request: SendPaymentRequest, carried: CarriedUnits): Promise<SendPaymentOutcome> {
    return this.send("payAssetInvoice", request, carried);
  }

  /** As tapd has lnd make the invoice of an asset; refused when there is one of this hash. */
  addInvoiceOnce(request: AddHoldInvoiceRequest): LightningInvoice {
    const fault = this.meet("createAssetInvoice");
    if (this.invoices.has(request.paymentHash)) throw refusal("invoice_exists");
    const invoice = this.add(request);
    if (fault === "lose_reply") throw unknownOutcome();
    return invoice;
  }

  async trackPayment(paymentHash: string): Promise<LightningPayment | undefined> {
    this.meet("read");
    return this.findPayment(paymentHash);
  }

  async *followPayment(paymentHash: string): AsyncIterable<LightningPayment> {
    const payment = await this.trackPayment(paymentHash);
    if (payment !== undefined) yield payment;
  }

  async listPayments({ afterPaymentIndex, limit }: { readonly afterPaymentIndex: bigint; readonly limit: number }) {
    this.meet("read");
    return this.payments.filter((each) => each.paymentIndex > afterPaymentIndex).slice(0, limit);
  }

  async getTopPaymentIndex(): Promise<bigint> {
    this.meet("read");
    return this.topIndex;
  }

  private send(
    call: LightningCall,
    request: SendPaymentRequest,
    carried: CarriedUnits | undefined,
  ): SendPaymentOutcome {
    const fault = this.meet(call);
    if (fault === "late") {
      this.late.push({ dueAt: this.clock.now().getTime() + LATE_MS, request, carried });
      throw unknownOutcome();
    }
    const known = this.findPayment(request.paymentHash);
    if (known !== undefined && known.status !== "failed") {
      this.sentTwice++;
      const status = known.status === "succeeded" ? "succeeded" : "in_flight";
      return { kind: "exists", status };
    }
    if (this.refusal !== undefined) return { kind: "refused", reason: this.refusal };
    const payment = this.start(request, carried);
    // A payment that hangs keeps its stream open, which a caller can only lose.
    if (fault === "lose_reply" || payment.status === "in_flight") throw unknownOutcome();
    return { kind: "payment", payment };
  }

  /** lnd itself refuses a hash that is paid or on its way. */
  private startLate(): void {
    const due = this.late.filter((each) => each.dueAt <= this.clock.now().getTime());
    for (const each of due) {
      this.late.splice(this.late.indexOf(each), 1);
      const known = this.findPayment(each.request.paymentHash);
      if (this.refusal === undefined && (known === undefined || known.status === "failed"))
        this.start(each.request, each.carried);
    }
  }

  /** For what stands in front of this node, as tapd does. */
  meet(call: LightningCall): LightningFault | undefined {
    this.startLate();
    const fault = this.fault(call);
    if (fault === "unavailable" || (fault !== undefined && call === "read")) throw away();
    return fault;
  }

  private add(request: AddHoldInvoiceRequest): LightningInvoice {
    const known = this.invoices.get(request.paymentHash);
    if (known !== undefined) return this.show(known);
    const createdAt = this.clock.now();
    const held: HeldInvoice = {
      invoice: {
        paymentHash: request.paymentHash,
        // Nobody decodes it here: payers of these tests know the hash.
        bolt11: `lnbcrt${request.paymentHash}`,
        memo: request.memo,
        valueMsat: request.valueMsat,
        addIndex: BigInt(this.invoices.size + 1),
        createdAt,
        expiresAt: new Date(createdAt.getTime() + request.expirySeconds * 1000),
      },
      state: "open",
      htlcs: [],
      settleIndex: 0n,
    };
    this.invoices.set(request.paymentHash, held);
    return this.show(held);
  }

  /** As lnd does, an open invoice past its expiry is cancelled. */
  private show(held: HeldInvoice): LightningInvoice {
    if (held.state === "open" && this.isExpired(held)) held.state = "canceled";
    const { invoice, state, htlcs, settleIndex } = held;
    const amtPaidMsat = state === "accepted" || state === "settled" ? sumMsat(htlcs) : 0n;
    return { ...invoice, state, htlcs: [...htlcs], amtPaidMsat, settleIndex };
  }

  private isExpired({ invoice }: HeldInvoice): boolean {
    return invoice.expiresAt.getTime() <= this.clock.now().getTime() - this.behindMs;
  }

  private settle(held: HeldInvoice): void {
    held.state = "settled";
    held.settleIndex = ++this.settled;
    held.htlcs = held.htlcs.map((htlc) => ({ ...htlc, state: "settled" }));
    this.localMsat += movedMsat(held.htlcs);
  }

  private giveBack(held: HeldInvoice): void {
    held.state = "canceled";
    held.htlcs = held.htlcs.map((htlc) => ({ ...htlc, state: "canceled" }));
  }

  private findPayment(paymentHash: string): LightningPayment | undefined {
    return this.payments.findLast((each) => each.paymentHash === paymentHash);
  }

  private start(request: SendPaymentRequest, carried: CarriedUnits | undefined): LightningPayment {
    const answer = this.answerTo(request.paymentHash);
    const valueMsat = request.amountMsat ?? decodeBolt11(request.bolt11).amountMsat ?? 0n;
    const started: LightningPayment = {
      paymentHash: request.paymentHash,
      status: "in_flight",
      failureReason: "none",
      preimage: undefined,
      valueMsat,
      feeMsat: 0n,
      paymentIndex: ++this.topIndex,
      createdAt: this.clock.now(),
      bolt11: request.bolt11,
      htlcs: [
        {
          status: "in_flight",
          attemptId: 1n,
          sentMsat: carried?.carrierMsat ?? valueMsat,
          units: carried?.units ?? new Map<string, bigint>(),
        },
      ],
    };
    this.localMsat -= carried?.carrierMsat ?? valueMsat;
    this.payments.push(started);
    if (answer.kind === "hang") return started;
    const isTooDear = answer.kind === "pay" && answer.feeMsat > request.feeLimitMsat;
    const ended = this.answered(started, isTooDear ? { kind: "fail", reason: "no_route" } : answer);
    this.payments[this.payments.length - 1] = ended;
    return ended;
  }

  /** A payee takes the payment of an invoice once, whatever its payer's node remembers. */
  private answerTo(paymentHash: string): PayeeAnswer {
    if (this.paid.has(paymentHash)) return { kind: "fail", reason: "incorrect_payment_details" };
    return this.payees.get(paymentHash) ?? { kind: "fail", reason: "no_route" };
  }

  private answered(payment: LightningPayment, answer: Exclude<PayeeAnswer, { kind: "hang" }>): LightningPayment {
    const htlcs = payment.htlcs.map((htlc) => ({
      ...htlc,
      status: answer.kind === "fail" ? ("failed" as const) : ("succeeded" as const),
    }));
    const sentMsat = htlcs.reduce((sum, htlc) => sum + htlc.sentMsat, 0n);
    if (answer.kind === "fail") {
      this.localMsat += sentMsat;
      return { ...payment, status: "failed", failureReason: answer.reason, htlcs };
    }
    // Where units travel, they pay for the routing too.
    const movedFeeMsat = htlcs.some(({ units }) => units.size > 0) ? 0n : answer.feeMsat;
    this.localMsat -= movedFeeMsat;
    const { paymentHash, paymentIndex } = payment;
    this.timesPaid.set(paymentHash, (this.timesPaid.get(paymentHash) ?? 0) + 1);
    this.paid.set(paymentHash, { msat: sentMsat + movedFeeMsat, paymentIndex });
    return { ...payment, status: "succeeded", preimage: answer.preimage, feeMsat: answer.feeMsat, htlcs };
  }
}

function sumMsat(htlcs: readonly InvoiceHtlc[]): bigint {
  return htlcs.reduce((sum, htlc) => sum + htlc.amtMsat, 0n);
}

function movedMsat(htlcs: readonly HeldHtlc[]): bigint {
  return htlcs.reduce((sum, htlc) => sum + htlc.movedMsat, 0n);
}

function notKept(what: string): Promise<never> {
  return Promise.reject(new Error(`the node in memory keeps no ${what}`));
}

function away(): AppError {
  return new AppError("daemon_unavailable", { details: { service: "lnd" } });
}

function unknownOutcome(): AppError {
  return new AppError("outcome_unknown", { details: { service: "lnd" } });
}

function refusal(name: string): AppError {
  return new AppError("daemon_rejected", { details: { service: "lnd", daemon_name: name, daemon_message: name } });
}
