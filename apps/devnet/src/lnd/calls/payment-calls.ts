import type {
  ListPaymentsRequest,
  ListPaymentsResponse,
  PayReq as WirePayReq,
  PayReqString,
} from "@arkrelay/daemons/proto/lnrpc/lightning";
import { PayReq } from "@arkrelay/daemons/proto/lnrpc/lightning";
import type { RouteFeeRequest, RouteFeeResponse } from "@arkrelay/daemons/proto/routerrpc/router";

import { findField } from "../../bolt11/decode-bolt11";
import type { LndEngine } from "../engine/lnd-engine";
import { LndError } from "../engine/lnd-error";
import { isAtLeast } from "../engine/lnd-settings";
import { fromFallbackField } from "../engine/onchain-address";
import { planRoutes } from "../engine/plan-routes";
import { expiresAt, finalCltvDeltaOf, readPaymentRequest } from "../engine/send-payment";
import { paginateByIndex } from "./paginate-by-index";
import { fromHex } from "./wire-bytes";
import { toFeatures } from "./wire-features";
import { toWireRouteHint } from "./wire-invoice";
import { FAILURE_REASONS, toWirePayment } from "./wire-payment";

const PAGE_DEFAULT = 100n;

export function listPayments(engine: LndEngine, request: ListPaymentsRequest): ListPaymentsResponse {
  const { settings } = engine.store;
  const { creationDateStart: start, creationDateEnd: end } = request;
  if (end !== 0n && start >= end) throw new LndError(`start date(${start}) must be before end date(${end})`);
  const all = [...engine.store.payments("node").values()];
  const payments = all.filter((payment) => {
    const createdAt = BigInt(Math.floor(payment.createdAtMs / 1_000));
    const isInRange = createdAt >= start && (end === 0n || createdAt <= end);
    return isInRange && (request.includeIncomplete || payment.status === "succeeded");
  });
  // Before 0.20 a client that named no limit got everything.
  const unlimited = isAtLeast(settings, "0.20") ? PAGE_DEFAULT : BigInt(all.length) + 1n;
  const page = paginateByIndex(payments, ({ paymentIndex }) => paymentIndex, {
    offset: request.indexOffset,
    max: request.maxPayments === 0n ? unlimited : request.maxPayments,
    isReversed: request.reversed,
  });
  const areHopsOmitted = request.omitHops && isAtLeast(settings, "0.21");
  return {
    payments: page.items.map((payment) => toWirePayment(payment, areHopsOmitted)),
    firstIndexOffset: page.firstIndex,
    lastIndexOffset: page.lastIndex,
    totalNumPayments: request.countTotalPayments ? BigInt(all.length) : 0n,
  };
}

export function decodePayReq({ payReq }: PayReqString): WirePayReq {
  const invoice = readPaymentRequest(payReq);
  const fallback = findField(invoice, "fallback");
  const amountMsat = invoice.amountMsat ?? 0n;
  return PayReq.fromPartial({
    destination: invoice.payeePubkey,
    paymentHash: findField(invoice, "payment_hash")?.hash ?? "",
    numSatoshis: amountMsat / 1_000n,
    numMsat: amountMsat,
    timestamp: BigInt(invoice.timestamp),
    expiry: BigInt(expiresAt(invoice) - invoice.timestamp),
    description: findField(invoice, "description")?.text ?? "",
    descriptionHash: findField(invoice, "description_hash")?.hash ?? "",
    fallbackAddr: fallback === undefined ? "" : fromFallbackField(fallback),
    cltvExpiry: BigInt(finalCltvDeltaOf(invoice)),
    routeHints: invoice.fields.flatMap((field) =>
      field.tag === "route"
        ? [
            toWireRouteHint(
              field.hops.map(({ pubkey, shortChannelId, ...fees }) => ({
                nodeId: pubkey,
                chanId: shortChannelId,
                ...fees,
              })),
            ),
          ]
        : [],
    ),
    paymentAddr: fromHex(findField(invoice, "payment_secret")?.secret ?? ""),
    features: toFeatures(findField(invoice, "features")?.bits ?? []),
  });
}

/** A BOLT 11 default when only a key is given. */
const FINAL_CLTV_DELTA = 80;
const UNLIMITED_MSAT = 1n << 60n;

/** A probe that always knows the answer: the same plan a payment would have, and nothing is sent. */
export function estimateRouteFee(engine: LndEngine, request: RouteFeeRequest): RouteFeeResponse {
  const probe = readProbe(request);
  const plan = planRoutes(engine.context, {
    from: "node",
    to: engine.context.keys.partyOf(probe.destination),
    amountMsat: probe.amountMsat,
    feeLimitMsat: UNLIMITED_MSAT,
    finalCltvDelta: probe.finalCltvDelta,
    cltvLimit: 0,
    maxParts: 1,
    outgoingChanIds: request.outgoingChanIds,
    lastHopPubkey: "",
    firstHopCarrierMsat: undefined,
    lastHopCarrierMsat: undefined,
  });
  if (!plan.ok) {
    return { routingFeeMsat: 0n, timeLockDelay: 0n, failureReason: FAILURE_REASONS[plan.reason] };
  }
  const [route] = plan.routes;
  return {
    routingFeeMsat: route?.totalFeesMsat ?? 0n,
    timeLockDelay: BigInt((route?.totalTimeLock ?? 0) - engine.height),
    failureReason: FAILURE_REASONS.none,
  };
}

function readProbe(request: RouteFeeRequest) {
  const { dest, amtSat, paymentRequest } = request;
  const isByKey = dest.length > 0;
  if (isByKey === (paymentRequest !== "")) {
    throw new LndError("exactly one of destination and payment request must be specified");
  }
  if (isByKey) {
    if (amtSat <= 0n) throw new LndError("amount must be greater than 0");
    return { destination: dest.toString("hex"), amountMsat: amtSat * 1_000n, finalCltvDelta: FINAL_CLTV_DELTA };
  }
  const invoice = readPaymentRequest(paymentRequest);
  if (invoice.amountMsat === undefined) throw new LndError("payment request amount must be greater than 0");
  return {
    destination: invoice.payeePubkey,
    amountMsat: invoice.amountMsat,
    finalCltvDelta: finalCltvDeltaOf(invoice),
  };
}
