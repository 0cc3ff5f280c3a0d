import type { Owner } from "./channel";
import { releaseAttempt } from "./htlcs";
import type { LndContext } from "./lnd-context";
import type { HtlcAttempt, Payment, PaymentFailure } from "./payment";

export type PaymentOutcome =
  | { readonly preimage: string }
  | { readonly failureCode: string; readonly failureReason: PaymentFailure };

/** Where a payment's row is: `node/<hash>` or `outside/<hash>/<attempt>`. */
export function toPaymentKey(owner: Owner, rowKey: string): string {
  return `${owner}/${rowKey}`;
}

export function splitPaymentKey(paymentKey: string): { readonly owner: Owner; readonly rowKey: string } {
  const slash = paymentKey.indexOf("/");
  return { owner: paymentKey.slice(0, slash) === "node" ? "node" : "outside", rowKey: paymentKey.slice(slash + 1) };
}

/** The receiver has decided about all HTLCs of a payment in flight. */
export function concludePayment(context: LndContext, paymentKey: string, outcome: PaymentOutcome): void {
  const { store } = context;
  const { owner, rowKey } = splitPaymentKey(paymentKey);
  const payment = store.payments(owner).get(rowKey);
  if (payment === undefined) throw new Error(`there is no payment ${paymentKey}`);
  const isPaid = "preimage" in outcome;
  for (const attempt of payment.htlcs) releaseAttempt(context, paymentKey, attempt, isPaid ? "receivers" : "senders");
  if (isPaid && owner === "node") {
    // With assets the peer is paid in assets; what it forwards is its own.
    const feesMsat = payment.htlcs.reduce((sum, { totalFeesMsat }) => sum + totalFeesMsat, 0n);
    const isAssetPayment = payment.htlcs.some(({ customChannelData }) => customChannelData !== "");
    if (!isAssetPayment) store.changeMeta({ routingFeesPaidMsat: store.meta.routingFeesPaidMsat + feesMsat });
  }
  if (payment.isStuck) {
    const unnoticed = isPaid
      ? { preimage: outcome.preimage, failureCode: "", failureReason: "none" as const }
      : { preimage: "", ...outcome };
    store.putPayment(owner, rowKey, { ...payment, unnoticed });
    return;
  }
  putConcluded(context, owner, rowKey, payment, outcome);
}

/** What a restart does for payments whose end the node had missed. */
export function noticeConcludedPayments(context: LndContext): void {
  const { store } = context;
  store.transact(() => {
    for (const [rowKey, payment] of store.payments("node")) {
      if (!payment.isStuck) continue;
      const freed: Payment = { ...payment, isStuck: false, unnoticed: undefined };
      if (payment.unnoticed === undefined) store.putPayment("node", rowKey, freed);
      else putConcluded(context, "node", rowKey, freed, toOutcome(payment.unnoticed));
    }
  });
}

function toOutcome(unnoticed: NonNullable<Payment["unnoticed"]>): PaymentOutcome {
  return unnoticed.preimage === "" ? unnoticed : { preimage: unnoticed.preimage };
}

function putConcluded(
  { store, clock }: LndContext,
  owner: Owner,
  rowKey: string,
  payment: Payment,
  outcome: PaymentOutcome,
): void {
  const isPaid = "preimage" in outcome && outcome.preimage !== "";
  const resolveTimeMs = clock.nowMs();
  const htlcs = payment.htlcs.map((attempt): HtlcAttempt =>
    isPaid
      ? { ...attempt, status: "succeeded", preimage: outcome.preimage, resolveTimeMs }
      : {
          ...attempt,
          status: "failed",
          resolveTimeMs,
          failureCode: "failureCode" in outcome ? outcome.failureCode : "",
          failureSourceIndex: attempt.hops.length,
          failureHeight: store.meta.height,
        },
  );
  const concluded: Payment = {
    ...payment,
    htlcs,
    status: isPaid ? "succeeded" : "failed",
    preimage: isPaid ? outcome.preimage : "",
    feeMsat: isPaid ? htlcs.reduce((sum, { totalFeesMsat }) => sum + totalFeesMsat, 0n) : 0n,
    failureReason: "failureReason" in outcome ? outcome.failureReason : "none",
  };
  store.putPayment(owner, rowKey, concluded);
  if (owner === "node") store.emit({ kind: "payment", payment: concluded });
}
