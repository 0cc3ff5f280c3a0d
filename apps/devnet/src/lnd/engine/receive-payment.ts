import type { Owner } from "./channel";
import { concludePayment, toPaymentKey } from "./conclude-payment";
import { finalHtlcIndex } from "./htlcs";
import type { Invoice, InvoiceHtlc } from "./invoice";
import { type LndContext, sha256Hex } from "./lnd-context";
import type { HtlcAttempt, Payment } from "./payment";
import { settleAccepted } from "./settle-invoice";

/** Record of a spontaneous payment: it carries the preimage itself. */
const KEYSEND_RECORD = "5482373484";

const UNKNOWN_DETAILS = {
  failureCode: "INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS",
  failureReason: "incorrect_payment_details",
} as const;

/**
 * Brings the HTLCs of a payment in flight to their receiver, who accepts, settles or refuses them. Does nothing for HTLCs that have
 * arrived before, so a start can call it for everything in flight.
 */
export function deliverPayment(context: LndContext, owner: Owner, rowKey: string): void {
  const { store, keys } = context;
  const payment = store.payments(owner).get(rowKey);
  if (payment?.status !== "in_flight") return;
  const destination = payment.htlcs[0]?.hops.at(-1)?.pubKey ?? "";
  const receiver = keys.partyOf(destination);
  const paymentKey = toPaymentKey(owner, rowKey);
  store.transact(() => {
    if (receiver === undefined || receiver === "peer") return concludePayment(context, paymentKey, UNKNOWN_DETAILS);
    const invoice = store.invoices(receiver).get(payment.paymentHash);
    if (invoice === undefined) return receiveWithoutInvoice(context, receiver, paymentKey, payment);
    // By attempt, because a payment that failed may be made anew under the same key.
    const attemptIds = new Set(payment.htlcs.map(({ attemptId }) => attemptId));
    const hasArrived = invoice.htlcs.some((htlc) => htlc.paymentKey === paymentKey && attemptIds.has(htlc.attemptId));
    if (hasArrived) return undefined;
    const htlcs = payment.htlcs.map((attempt) => toInvoiceHtlc(context, paymentKey, attempt, payment.mppTotalMsat));
    return receiveForInvoice(context, receiver, invoice, paymentKey, htlcs, payment.mppTotalMsat);
  });
}

function receiveWithoutInvoice(context: LndContext, receiver: Owner, paymentKey: string, payment: Payment): void {
  const preimage = payment.destCustomRecords[KEYSEND_RECORD] ?? "";
  // Our node takes no spontaneous payments, as lnd without --accept-keysend.
  const isKeysend = receiver === "outside" && preimage !== "" && sha256Hex(preimage) === payment.paymentHash;
  concludePayment(context, paymentKey, isKeysend ? { preimage } : UNKNOWN_DETAILS);
}

function receiveForInvoice(
  context: LndContext,
  receiver: Owner,
  invoice: Invoice,
  paymentKey: string,
  htlcs: readonly InvoiceHtlc[],
  mppTotalMsat: bigint,
): void {
  const { store } = context;
  const held = invoice.htlcs.filter(({ state }) => state === "accepted");
  const totalMsat = [...held, ...htlcs].reduce((sum, { amountMsat }) => sum + amountMsat, 0n);
  const isSameSet = held.every((htlc) => htlc.mppTotalMsat === mppTotalMsat);
  const isRefused =
    invoice.state !== "open" || mppTotalMsat < invoice.valueMsat || !isSameSet || totalMsat > mppTotalMsat;
  if (isRefused) return concludePayment(context, paymentKey, UNKNOWN_DETAILS);
  const isWhole = totalMsat === mppTotalMsat;
  const changed: Invoice = {
    ...invoice,
    htlcs: [...invoice.htlcs, ...htlcs],
    amountPaidMsat: totalMsat,
    state: isWhole ? "accepted" : "open",
  };
  store.putInvoice(receiver, changed);
  if (isWhole && !invoice.isHold) {
    settleAccepted(context, receiver, changed, invoice.preimage);
    return;
  }
  if (receiver === "node") store.emit({ kind: "invoice", change: isWhole ? "state" : "htlc", invoice: changed });
}

function toInvoiceHtlc(
  context: LndContext,
  paymentKey: string,
  attempt: HtlcAttempt,
  mppTotalMsat: bigint,
): InvoiceHtlc {
  const { store, clock } = context;
  const last = attempt.hops.at(-1);
  return {
    paymentKey,
    attemptId: attempt.attemptId,
    chanId: last?.chanId ?? 0n,
    htlcIndex: finalHtlcIndex(context, paymentKey, attempt),
    amountMsat: last?.amountToForwardMsat ?? 0n,
    mppTotalMsat,
    acceptHeight: store.meta.height,
    acceptTime: clock.nowSeconds(),
    resolveTime: 0,
    expiryHeight: last?.expiryHeight ?? 0,
    state: "accepted",
    customChannelData: attempt.customChannelData,
  };
}
