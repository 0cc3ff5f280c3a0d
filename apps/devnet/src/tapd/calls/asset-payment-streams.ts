import { z } from "zod";

import {
  type Invoice as WireInvoice,
  ListInvoiceRequest,
  ListPaymentsRequest as ListLndPaymentsRequest,
  type Payment as WirePayment,
  InvoiceSubscription,
  PaymentFailureReason,
  Payment_PaymentStatus,
} from "@arkrelay/daemons/proto/lnrpc/lightning";
import { TrackPaymentRequest as TrackLndPayment, TrackPaymentsRequest } from "@arkrelay/daemons/proto/routerrpc/router";
import type {
  AssetAmount,
  AssetInvoice,
  AssetPayment,
  ListInvoicesRequest,
  ListInvoicesResponse,
  ListPaymentsRequest,
  ListPaymentsResponse,
  SendPaymentRequest,
  SendPaymentResponse,
  SubscribeInvoicesRequest,
  SubscribePaymentsRequest,
  TrackPaymentRequest,
} from "@arkrelay/daemons/proto/tapchannelrpc/tapchannel";

import type { StreamSink } from "../../grpc/daemon-call";
import { listInvoices } from "../../lnd/calls/invoice-calls";
import { subscribeInvoices } from "../../lnd/calls/invoice-streams";
import { listPayments } from "../../lnd/calls/payment-calls";
import { trackPaymentV2, trackPayments } from "../../lnd/calls/payment-streams";
import { fromHex, fromRecordMap, readMsat } from "../../lnd/calls/wire-bytes";
import { toWirePayment } from "../../lnd/calls/wire-payment";
import type { LndEngine } from "../../lnd/engine/lnd-engine";
import type { Payment } from "../../lnd/engine/payment";
import type { NewAssetPayment } from "../engine/asset-payments";
import type { TapdEngine } from "../engine/tapd-engine";
import { TapdError } from "../engine/tapd-error";
import { readPubkey, readSpecifier } from "./read-request";
import { toWireSellQuote } from "./wire-quote";

/** Record of a spontaneous payment. */
const KEYSEND_RECORD = 5_482_373_484n;
const RFQ_ID_BYTES = 32;

/**
 * Quotes first (the first alone for old clients, then all, unless the caller brought one), then what lnd tells of the payment. A
 * failed one ends the stream with an error. A stream that breaks ends nothing: the payment goes on.
 */
export function sendPayment(
  engine: TapdEngine,
  request: SendPaymentRequest,
  sink: StreamSink<SendPaymentResponse>,
): void {
  const payment = readPayment(request);
  const quotes = engine.payments.quotesFor(payment);
  const [first] = quotes;
  if (first !== undefined) {
    sink.event({ result: { $case: "acceptedSellOrder", value: toWireSellQuote(first) } });
  }
  if (payment.rfqId === "") {
    sink.event({
      result: { $case: "acceptedSellOrders", value: { acceptedSellOrders: quotes.map(toWireSellQuote) } },
    });
  }
  const { paymentHash } = engine.facts.decodePaymentRequest(payment.payment.paymentRequest ?? "");
  if (first === undefined) {
    throw new TapdError(
      `payment ${paymentHash} (amt=${payment.payment.amountMsat ?? 0n} mSAT) failed to acquire any quotes`,
    );
  }
  const { noInflightUpdates } = request.paymentRequest ?? { noInflightUpdates: false };
  follow(engine, paymentHash, noInflightUpdates, sink, () => engine.payments.pay(payment, first));
}

function follow(
  engine: TapdEngine,
  paymentHash: string,
  isTerminalOnly: boolean,
  sink: StreamSink<SendPaymentResponse>,
  begin: () => void,
): void {
  const stop = engine.lnd.events.listen((event) => {
    if (event.kind !== "payment" || event.payment.paymentHash !== paymentHash) return;
    const { payment } = event;
    if (isTerminal(payment) || !isTerminalOnly) {
      sink.event({ result: { $case: "paymentResult", value: toWirePayment(payment) } });
    }
    if (payment.status === "failed") sink.end(new TapdError(`payment failed: ${failureName(payment)}`));
    if (payment.status === "succeeded") sink.end();
  });
  sink.onClose(stop);
  try {
    begin();
  } catch (error) {
    stop();
    throw new TapdError(`failed to receive payment update: ${describeLndError(error)}`);
  }
}

/** As Go prints a gRPC error of another daemon. */
function describeLndError(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const status = error instanceof Error && "status" in error ? String(error.status) : "UNKNOWN";
  return `rpc error: code = ${GO_CODES[status] ?? "Unknown"} desc = ${message}`;
}

const GO_CODES: Readonly<Record<string, string>> = {
  ALREADY_EXISTS: "AlreadyExists",
  NOT_FOUND: "NotFound",
  INVALID_ARGUMENT: "InvalidArgument",
  UNAVAILABLE: "Unavailable",
};

function failureName(payment: Payment): string {
  return PaymentFailureReason[toWirePayment(payment).failureReason] ?? "FAILURE_REASON_ERROR";
}

function isTerminal({ status }: Payment): boolean {
  return status === "succeeded" || status === "failed";
}

function readPayment(request: SendPaymentRequest): NewAssetPayment {
  const { assetId, groupKey, rfqId, peerPubkey, paymentRequest: terms } = request;
  if (assetId.length > 0 && groupKey.length > 0) throw new TapdError("cannot set both asset id and group key");
  if (terms === undefined) throw new TapdError("payment request must be specified");
  const specifier = readSpecifier(assetId, groupKey);
  const isKeysend = terms.destCustomRecords.has(KEYSEND_RECORD);
  if (terms.paymentRequest !== "" && isKeysend) {
    throw new TapdError("payment request and keysend custom records cannot be set at the same time");
  }
  if (isKeysend) throw new TapdError("devnet sends no keysend asset payments", "UNIMPLEMENTED");
  if (terms.paymentRequest === "") throw new TapdError("payment request or keysend custom records must be set");
  if (rfqId.length > 0 && rfqId.length !== RFQ_ID_BYTES) throw new TapdError("RFQ ID must be 32 bytes in length");
  return {
    ...specifier,
    peer: peerPubkey.length === 0 ? "" : readPubkey(peerPubkey, "error parsing peer pubkey"),
    rfqId: rfqId.toString("hex"),
    isOverpayAllowed: request.allowOverpay,
    metadata: request.priceOracleMetadata,
    payment: {
      paymentRequest: terms.paymentRequest,
      amountMsat: readMsat(terms.amt, terms.amtMsat),
      feeLimitMsat: readMsat(terms.feeLimitSat, terms.feeLimitMsat),
      cltvLimit: terms.cltvLimit,
      maxParts: terms.maxParts,
      isSelfPaymentAllowed: terms.allowSelfPayment,
      firstHopCustomRecords: fromRecordMap(terms.firstHopCustomRecords),
    },
  };
}

/** lnd's invoices and payments with the units their HTLCs carried; since 0.8.1. */
export function assetViews(engine: TapdEngine, lnd: LndEngine) {
  const gated = (method: string): void => {
    if (engine.settings.version === "0.7") {
      throw new TapdError(`unknown method ${method} for service tapchannelrpc.TaprootAssetChannels`, "UNIMPLEMENTED");
    }
  };
  return {
    listInvoices: ({ request }: ListInvoicesRequest): ListInvoicesResponse => {
      gated("ListInvoices");
      const page = listInvoices(lnd, request ?? ListInvoiceRequest.fromPartial({}));
      return { ...page, invoices: page.invoices.map((invoice) => toAssetInvoice(engine, invoice)) };
    },
    listPayments: ({ request }: ListPaymentsRequest): ListPaymentsResponse => {
      gated("ListPayments");
      const { payments, firstIndexOffset, lastIndexOffset } = listPayments(
        lnd,
        request ?? ListLndPaymentsRequest.fromPartial({}),
      );
      return {
        payments: payments.map((payment) => toAssetPayment(engine, payment)),
        firstIndexOffset,
        lastIndexOffset,
      };
    },
    subscribeInvoices: ({ request }: SubscribeInvoicesRequest, sink: StreamSink<AssetInvoice>): void => {
      gated("SubscribeInvoices");
      subscribeInvoices(
        lnd,
        request ?? InvoiceSubscription.fromPartial({}),
        mapped(sink, (invoice: WireInvoice) => toAssetInvoice(engine, invoice)),
      );
    },
    subscribePayments: ({ request }: SubscribePaymentsRequest, sink: StreamSink<AssetPayment>): void => {
      gated("SubscribePayments");
      trackPayments(
        lnd,
        request ?? TrackPaymentsRequest.fromPartial({}),
        mapped(sink, (payment: WirePayment) => toAssetPayment(engine, payment)),
      );
    },
    trackPayment: ({ request }: TrackPaymentRequest, sink: StreamSink<AssetPayment>): void => {
      gated("TrackPayment");
      trackPaymentV2(
        lnd,
        request ?? TrackLndPayment.fromPartial({}),
        mapped(sink, (payment: WirePayment) => toAssetPayment(engine, payment)),
      );
    },
  };
}

function mapped<A, B>(sink: StreamSink<B>, map: (message: A) => B): StreamSink<A> {
  return {
    event: (message) => sink.event(map(message)),
    end: (error) => sink.end(error),
    onClose: (listener) => sink.onClose(listener),
  };
}

function toAssetInvoice(engine: TapdEngine, invoice: WireInvoice): AssetInvoice {
  return {
    invoice,
    assetAmounts: sumAmounts(
      engine,
      invoice.htlcs.map(({ customChannelData }) => customChannelData),
    ),
  };
}

function toAssetPayment(engine: TapdEngine, payment: WirePayment): AssetPayment {
  const isCounted = payment.status !== Payment_PaymentStatus.FAILED;
  const data = isCounted ? payment.htlcs.flatMap(({ route }) => route?.customChannelData ?? []) : [];
  return { payment, assetAmounts: sumAmounts(engine, data) };
}

const HtlcData = z.object({ balances: z.array(z.object({ asset_id: z.string(), amount: z.number() })) });

function sumAmounts(engine: TapdEngine, data: readonly Buffer[]): AssetAmount[] {
  const sums = new Map<string, bigint>();
  for (const bytes of data) {
    if (bytes.length === 0) continue;
    for (const { asset_id, amount } of HtlcData.parse(JSON.parse(bytes.toString("utf8"))).balances) {
      sums.set(asset_id, (sums.get(asset_id) ?? 0n) + BigInt(amount));
    }
  }
  return [...sums].map(([assetId, amount]) => ({
    assetId: fromHex(assetId),
    amount,
    groupKey: fromHex(engine.wallet.genesisOf(assetId).groupKey),
  }));
}
