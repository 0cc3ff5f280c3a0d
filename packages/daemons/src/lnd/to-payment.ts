import { assert } from "@arkrelay/core/errors";
import type {
  LightningPayment,
  PaymentFailureReason as FailureReason,
  PaymentHtlc,
  PaymentStatus,
} from "@arkrelay/core/ports/lightning-node";

import {
  type HTLCAttempt,
  HTLCAttempt_HTLCStatus,
  type Payment,
  Payment_PaymentStatus,
  PaymentFailureReason,
} from "../gen/lnrpc/lightning";
import { toPaymentHash } from "../payment-hash";
import { unitsOfHtlc } from "./asset-units";

const NANOSECONDS_PER_MS = 1_000_000n;

const STATUSES: ReadonlyMap<Payment_PaymentStatus, PaymentStatus> = new Map([
  [Payment_PaymentStatus.INITIATED, "initiated"],
  [Payment_PaymentStatus.IN_FLIGHT, "in_flight"],
  [Payment_PaymentStatus.SUCCEEDED, "succeeded"],
  [Payment_PaymentStatus.FAILED, "failed"],
]);

const REASONS: ReadonlyMap<PaymentFailureReason, FailureReason> = new Map([
  [PaymentFailureReason.FAILURE_REASON_NONE, "none"],
  [PaymentFailureReason.FAILURE_REASON_TIMEOUT, "timeout"],
  [PaymentFailureReason.FAILURE_REASON_NO_ROUTE, "no_route"],
  [PaymentFailureReason.FAILURE_REASON_ERROR, "error"],
  [PaymentFailureReason.FAILURE_REASON_INCORRECT_PAYMENT_DETAILS, "incorrect_payment_details"],
  [PaymentFailureReason.FAILURE_REASON_INSUFFICIENT_BALANCE, "insufficient_balance"],
  [PaymentFailureReason.FAILURE_REASON_CANCELED, "canceled"],
]);

const HTLC_STATUSES: ReadonlyMap<HTLCAttempt_HTLCStatus, PaymentHtlc["status"]> = new Map([
  [HTLCAttempt_HTLCStatus.IN_FLIGHT, "in_flight"],
  [HTLCAttempt_HTLCStatus.SUCCEEDED, "succeeded"],
  [HTLCAttempt_HTLCStatus.FAILED, "failed"],
]);

export function toLightningPayment(payment: Payment): LightningPayment {
  const isProven = toPaymentHash(payment.paymentPreimage) === payment.paymentHash;
  const named = STATUSES.get(payment.status) ?? "unknown";
  // A success without the preimage of its hash proves nothing, so it ends nothing.
  const status = named === "succeeded" && !isProven ? "unknown" : named;
  return {
    paymentHash: payment.paymentHash,
    status,
    // A reason newer than we are is a failure all the same.
    failureReason: REASONS.get(payment.failureReason) ?? "error",
    preimage: status === "succeeded" ? payment.paymentPreimage : undefined,
    valueMsat: payment.valueMsat,
    feeMsat: payment.feeMsat,
    paymentIndex: payment.paymentIndex,
    createdAt: new Date(Number(payment.creationTimeNs / NANOSECONDS_PER_MS)),
    bolt11: payment.paymentRequest,
    htlcs: payment.htlcs.map(toPaymentHtlc),
  };
}

function toPaymentHtlc({ status: wireStatus, attemptId, route }: HTLCAttempt): PaymentHtlc {
  const status = HTLC_STATUSES.get(wireStatus);
  assert(status !== undefined, `lnd has no HTLC status ${wireStatus}`);
  return {
    status,
    attemptId,
    // lnd before 0.18.4 does not tell, and knows no assets either.
    sentMsat: route?.firstHopAmountMsat || (route?.totalAmtMsat ?? 0n),
    units: unitsOfHtlc(route?.customChannelData ?? new Uint8Array()),
  };
}

/** Every other status may still become a success. */
export function isTerminal({ status }: LightningPayment): boolean {
  return status === "succeeded" || status === "failed";
}
