import {
  Failure_FailureCode,
  HTLCAttempt as WireAttempt,
  HTLCAttempt_HTLCStatus,
  Payment as WirePayment,
  PaymentFailureReason,
  Payment_PaymentStatus,
  Route,
} from "@arkrelay/daemons/proto/lnrpc/lightning";

import type { HtlcAttempt, Payment, PaymentFailure, PaymentStatus } from "../engine/payment";
import { fromHex, toNanoseconds, toRecordMap } from "./wire-bytes";

const STATUSES: Readonly<Record<PaymentStatus, Payment_PaymentStatus>> = {
  initiated: Payment_PaymentStatus.INITIATED,
  in_flight: Payment_PaymentStatus.IN_FLIGHT,
  succeeded: Payment_PaymentStatus.SUCCEEDED,
  failed: Payment_PaymentStatus.FAILED,
};

export const FAILURE_REASONS: Readonly<Record<PaymentFailure, PaymentFailureReason>> = {
  none: PaymentFailureReason.FAILURE_REASON_NONE,
  timeout: PaymentFailureReason.FAILURE_REASON_TIMEOUT,
  no_route: PaymentFailureReason.FAILURE_REASON_NO_ROUTE,
  error: PaymentFailureReason.FAILURE_REASON_ERROR,
  incorrect_payment_details: PaymentFailureReason.FAILURE_REASON_INCORRECT_PAYMENT_DETAILS,
  insufficient_balance: PaymentFailureReason.FAILURE_REASON_INSUFFICIENT_BALANCE,
  canceled: PaymentFailureReason.FAILURE_REASON_CANCELED,
};

const ATTEMPT_STATUSES: Readonly<Record<HtlcAttempt["status"], HTLCAttempt_HTLCStatus>> = {
  in_flight: HTLCAttempt_HTLCStatus.IN_FLIGHT,
  succeeded: HTLCAttempt_HTLCStatus.SUCCEEDED,
  failed: HTLCAttempt_HTLCStatus.FAILED,
};

/** lnd fills the preimage of payments that have none with zeros. */
const NO_PREIMAGE = "0".repeat(64);

export function toWirePayment(payment: Payment, areHopsOmitted = false): WirePayment {
  return WirePayment.fromPartial({
    paymentHash: payment.paymentHash,
    value: payment.valueMsat / 1_000n,
    creationDate: BigInt(Math.floor(payment.createdAtMs / 1_000)),
    fee: payment.feeMsat / 1_000n,
    paymentPreimage: payment.preimage === "" ? NO_PREIMAGE : payment.preimage,
    valueSat: payment.valueMsat / 1_000n,
    valueMsat: payment.valueMsat,
    paymentRequest: payment.paymentRequest,
    status: STATUSES[payment.status],
    feeSat: payment.feeMsat / 1_000n,
    feeMsat: payment.feeMsat,
    creationTimeNs: toNanoseconds(payment.createdAtMs),
    htlcs: payment.htlcs.map((attempt) => toWireAttempt(attempt, areHopsOmitted)),
    paymentIndex: payment.paymentIndex,
    failureReason: FAILURE_REASONS[payment.failureReason],
    firstHopCustomRecords: toRecordMap(payment.firstHopCustomRecords),
  });
}

function toWireAttempt(attempt: HtlcAttempt, areHopsOmitted: boolean): WireAttempt {
  return WireAttempt.fromPartial({
    attemptId: attempt.attemptId,
    status: ATTEMPT_STATUSES[attempt.status],
    attemptTimeNs: toNanoseconds(attempt.attemptTimeMs),
    resolveTimeNs: toNanoseconds(attempt.resolveTimeMs),
    preimage: fromHex(attempt.preimage),
    route: toRoute(attempt, areHopsOmitted),
    failure: attempt.failureCode === "" ? undefined : toFailure(attempt),
  });
}

function toFailure({ failureCode, failureSourceIndex, failureHeight }: HtlcAttempt) {
  const codes: Readonly<Record<string, number | string>> = Failure_FailureCode;
  const code = codes[failureCode];
  return {
    code: typeof code === "number" ? code : Failure_FailureCode.UNKNOWN_FAILURE,
    failureSourceIndex,
    height: failureHeight,
  };
}

function toRoute(attempt: HtlcAttempt, areHopsOmitted: boolean): Route {
  const { hops } = attempt;
  return Route.fromPartial({
    totalTimeLock: attempt.totalTimeLock,
    totalFeesMsat: attempt.totalFeesMsat,
    totalAmtMsat: attempt.totalAmountMsat,
    firstHopAmountMsat: hops[0]?.htlcMsat ?? 0n,
    customChannelData: fromHex(attempt.customChannelData),
    hops: areHopsOmitted
      ? []
      : hops.map((hop, index) => ({
          chanId: hop.chanId,
          pubKey: hop.pubKey,
          amtToForwardMsat: hop.amountToForwardMsat,
          feeMsat: hop.feeMsat,
          // A hop is told the expiry of the HTLC that it sends on; the last one that of its own.
          expiry: (hops[index + 1] ?? hop).expiryHeight,
        })),
  });
}
