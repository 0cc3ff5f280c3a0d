import { findField } from "../../bolt11/decode-bolt11";
import type { LndContext } from "./lnd-context";
import { LndError } from "./lnd-error";
import type { Payment } from "./payment";
import { deliverPayment } from "./receive-payment";
import { expiresAt, finalCltvDeltaOf, readPaymentRequest, startPayment } from "./send-payment";

export interface OutsidePayment {
  /** Absent for an invoice with an amount. More overpays; less sends a part of a set that never becomes whole. */
  readonly amountMsat: bigint | undefined;
}

/** A bitcoin: it pays whatever a route costs. */
const FEE_LIMIT_MSAT = 100_000_000_000n;

/**
 * The wallet outside pays, any number of times for the same invoice, as different payers would.  Throws LndError when it cannot even try.
 */
export function payFromOutside(context: LndContext, bolt11: string, { amountMsat }: OutsidePayment): Payment {
  const { store, clock } = context;
  const invoice = readPaymentRequest(bolt11);
  const paymentHash = findField(invoice, "payment_hash")?.hash ?? "";
  const valueMsat = invoice.amountMsat ?? 0n;
  const paidMsat = amountMsat ?? valueMsat;
  if (paidMsat === 0n) throw new LndError("amount must be specified when paying a zero amount invoice");
  if (expiresAt(invoice) < clock.nowSeconds()) {
    throw new LndError(`invoice expired. Valid until ${new Date(expiresAt(invoice) * 1_000).toISOString()}`);
  }
  const rowKey = `${paymentHash}/${store.payments("outside").size + 1}`;
  const target = {
    destination: invoice.payeePubkey,
    paymentHash,
    amountMsat: paidMsat,
    finalCltvDelta: finalCltvDeltaOf(invoice),
    paymentRequest: bolt11,
  };
  const mppTotalMsat = paidMsat > valueMsat ? paidMsat : valueMsat;
  startPayment(context, "outside", rowKey, target, { feeLimitMsat: FEE_LIMIT_MSAT, mppTotalMsat });
  deliverPayment(context, "outside", rowKey);
  return getOutsidePayment(context, rowKey);
}

/** The payment of a hash that says most: paid, else in flight, else the last failure. */
export function findOutsidePayment({ store }: LndContext, paymentHash: string): Payment | undefined {
  const payments = [...store.payments("outside").values()].filter((payment) => payment.paymentHash === paymentHash);
  return (
    payments.find(({ status }) => status === "succeeded") ??
    payments.find(({ status }) => status === "in_flight") ??
    payments.at(-1)
  );
}

function getOutsidePayment({ store }: LndContext, rowKey: string): Payment {
  const payment = store.payments("outside").get(rowKey);
  if (payment === undefined) throw new Error(`there is no outside payment ${rowKey}`);
  return payment;
}
