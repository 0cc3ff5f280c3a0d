import { decodeBolt11 } from "../lightning/bolt11";
import type { Clock } from "../ports/clock";
import type {
  LightningPayment,
  PaymentFailureReason,
  PendingHtlc,
  SendPaymentOutcome,
  SendPaymentRequest,
} from "../ports/lightning-node";
import { type CarriedUnits, type LightningFault, unknownOutcome } from "./in-memory-lightning";

/** How the network answers a payment of ours. `hang` = its HTLC stays in flight until `resolve`. */
export type PayeeAnswer =
  | { readonly kind: "pay"; readonly preimage: string; readonly feeMsat: bigint }
  | { readonly kind: "fail"; readonly reason: PaymentFailureReason }
  | { readonly kind: "hang" };

/** How long after it was asked for a late payment starts. */
const LATE_MS = 25_000;
/** Blocks until an HTLC of ours runs out. */
const HTLC_BLOCKS = 40;

/** Payments of an lnd in memory, a lifecycle each. What they move in the channels is told to `move`, msat. */
export class InMemoryPayments {
  /** Why the next payments are refused before anything leaves; undefined = they are taken. */
  refusal: string | undefined;
  /** What the network does with a payment to this hash; without an entry there is no route. */
  readonly payees = new Map<string, PayeeAnswer>();
  /** How often each hash was really paid: never more than once. */
  readonly timesPaid = new Map<string, number>();
  /** What left the channels for each hash that was paid, msat, fee included, and the payment_index that did it. */
  readonly paid = new Map<string, { readonly msat: bigint; readonly paymentIndex: bigint }>();
  /** How often a payment was asked for whose hash was paid or on its way. */
  sentTwice = 0;
  topIndex = 0n;
  private readonly payments: LightningPayment[] = [];
  private readonly late: {
    readonly dueAt: number;
    readonly request: SendPaymentRequest;
    readonly carried: CarriedUnits | undefined;
  }[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly move: (msat: bigint) => void,
  ) {}

  /** Newest last. */
  list(): readonly LightningPayment[] {
    return this.payments;
  }

  /** As a channel shows what is in flight. */
  pendingHtlcs(height: number): readonly PendingHtlc[] {
    return this.payments
      .filter(({ status }) => status === "in_flight")
      .map((each) => ({
        isIncoming: false,
        amountSats: each.htlcs.reduce((sum, htlc) => sum + htlc.sentMsat, 0n) / 1000n,
        paymentHash: each.paymentHash,
        isForwarded: false,
        expirationHeight: height + HTLC_BLOCKS,
      }));
  }

  /** The end of a payment that hangs. */
  resolve(paymentHash: string, answer: Exclude<PayeeAnswer, { kind: "hang" }>): void {
    const index = this.payments.findLastIndex((each) => each.paymentHash === paymentHash);
    const payment = this.payments[index];
    if (payment?.status !== "in_flight") throw new Error(`no payment of ${paymentHash} is in flight`);
    this.payments[index] = this.answered(payment, answer);
  }

  /** lnd is restored from an old backup or replaced: it knows nothing of these payments, and counts on from `topIndex`. */
  forget(topIndex = 0n): void {
    this.payments.length = 0;
    this.topIndex = topIndex;
  }

  send(
    request: SendPaymentRequest,
    carried: CarriedUnits | undefined,
    fault: LightningFault | undefined,
  ): SendPaymentOutcome {
    if (fault === "late") {
      this.late.push({ dueAt: this.clock.now().getTime() + LATE_MS, request, carried });
      throw unknownOutcome();
    }
    const known = this.find(request.paymentHash);
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
  startLate(): void {
    const due = this.late.filter((each) => each.dueAt <= this.clock.now().getTime());
    for (const each of due) {
      this.late.splice(this.late.indexOf(each), 1);
      const known = this.find(each.request.paymentHash);
      if (this.refusal === undefined && (known === undefined || known.status === "failed"))
        this.start(each.request, each.carried);
    }
  }

  find(paymentHash: string): LightningPayment | undefined {
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
    this.move(-(carried?.carrierMsat ?? valueMsat));
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
      this.move(sentMsat);
      return { ...payment, status: "failed", failureReason: answer.reason, htlcs };
    }
    // Where units travel, they pay for the routing too.
    const movedFeeMsat = htlcs.some(({ units }) => units.size > 0) ? 0n : answer.feeMsat;
    this.move(-movedFeeMsat);
    const { paymentHash, paymentIndex } = payment;
    this.timesPaid.set(paymentHash, (this.timesPaid.get(paymentHash) ?? 0) + 1);
    this.paid.set(paymentHash, { msat: sentMsat + movedFeeMsat, paymentIndex });
    return { ...payment, status: "succeeded", preimage: answer.preimage, feeMsat: answer.feeMsat, htlcs };
  }
}
