import type { Payment as WirePayment } from "@arkrelay/daemons/proto/lnrpc/lightning";
import type {
  SendPaymentRequest,
  TrackPaymentRequest,
  TrackPaymentsRequest,
} from "@arkrelay/daemons/proto/routerrpc/router";

import type { StreamSink } from "../../grpc/daemon-call";
import type { LndEngine } from "../engine/lnd-engine";
import { LndError } from "../engine/lnd-error";
import { isAtLeast } from "../engine/lnd-settings";
import type { NewPayment, Payment } from "../engine/payment";
import { toPaymentTarget } from "../engine/send-payment";
import { readHash } from "./invoice-calls";
import { fromRecordMap, readMsat } from "./wire-bytes";
import { toWirePayment } from "./wire-payment";

/**
 * Sends and tells what becomes of it. A stream that breaks ends nothing: the payment goes on.
 */
export function sendPaymentV2(
  engine: LndEngine,
  request: SendPaymentRequest,
  sink: StreamSink<WirePayment>,
  isStuck: () => boolean,
): void {
  checkTimeout(engine, request);
  const payment = toNewPayment(request);
  // Refusals come before the stream follows anything.
  const { paymentHash } = toPaymentTarget(engine.context, payment);
  follow(engine, paymentHash, request.noInflightUpdates, sink, () =>
    engine.sendPayment({ ...payment, isStuck: isStuck() }),
  );
}

function checkTimeout(engine: LndEngine, { timeoutSeconds }: SendPaymentRequest): void {
  // Since 0.19 no timeout means 60 seconds. How long attempts may be started never matters here: there is one, at once.
  if (timeoutSeconds === 0 && !isAtLeast(engine.store.settings, "0.20")) {
    throw new LndError("timeout_seconds must be specified");
  }
  if (timeoutSeconds < 0) throw new LndError("timeout_seconds must be positive");
}

function toNewPayment(request: SendPaymentRequest): NewPayment {
  const isByRequest = request.paymentRequest !== "";
  if (isByRequest && request.dest.length > 0) throw new LndError("dest and payment_request cannot appear together");
  if (isByRequest && request.paymentHash.length > 0) {
    throw new LndError("payment_hash and payment_request cannot appear together");
  }
  if (isByRequest && request.finalCltvDelta !== 0) {
    throw new LndError("final_cltv_delta and payment_request cannot appear together");
  }
  return {
    paymentRequest: request.paymentRequest,
    destination: request.dest.toString("hex"),
    paymentHash: request.paymentHash.toString("hex"),
    amountMsat: readMsat(request.amt, request.amtMsat),
    feeLimitMsat: readMsat(request.feeLimitSat, request.feeLimitMsat),
    cltvLimit: request.cltvLimit,
    maxParts: request.maxParts,
    outgoingChanIds: request.outgoingChanIds,
    lastHopPubkey: request.lastHopPubkey.toString("hex"),
    isSelfPaymentAllowed: request.allowSelfPayment,
    finalCltvDelta: request.finalCltvDelta,
    destCustomRecords: fromRecordMap(request.destCustomRecords),
    firstHopCustomRecords: fromRecordMap(request.firstHopCustomRecords),
  };
}

/** The current state at once, then every change, until the payment has ended. */
export function trackPaymentV2(engine: LndEngine, request: TrackPaymentRequest, sink: StreamSink<WirePayment>): void {
  const hash = readHash(request.paymentHash);
  const current = engine.findPayment(hash);
  if (current === undefined) throw new LndError("payment isn't initiated", "NOT_FOUND");
  const tell = follow(engine, hash, request.noInflightUpdates, sink, () => undefined);
  tell(current);
}

/** All payments, from now on: what ended while nobody listened is not told. */
export function trackPayments(
  engine: LndEngine,
  { noInflightUpdates }: TrackPaymentsRequest,
  sink: StreamSink<WirePayment>,
): void {
  const stop = engine.events.listen((event) => {
    if (event.kind !== "payment" || (noInflightUpdates && !isTerminal(event.payment))) return;
    sink.event(toWirePayment(event.payment));
  });
  sink.onClose(stop);
}

function follow(
  engine: LndEngine,
  hash: string,
  isTerminalOnly: boolean,
  sink: StreamSink<WirePayment>,
  begin: () => unknown,
): (payment: Payment) => void {
  const tell = (payment: Payment): void => {
    if (isTerminal(payment) || !isTerminalOnly) sink.event(toWirePayment(payment));
    if (isTerminal(payment)) sink.end();
  };
  const stop = engine.events.listen((event) => {
    if (event.kind === "payment" && event.payment.paymentHash === hash) tell(event.payment);
  });
  sink.onClose(stop);
  try {
    begin();
  } catch (error) {
    stop();
    throw error;
  }
  return tell;
}

function isTerminal({ status }: Payment): boolean {
  return status === "succeeded" || status === "failed";
}
