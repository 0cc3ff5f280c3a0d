import { AppError, assert } from "@arkrelay/core/errors";
import type { Sending } from "@arkrelay/core/ports/lightning-node";
import type {
  AssetInvoice,
  AssetPaymentOutcome,
  CreateAssetInvoiceRequest,
  PayAssetInvoiceRequest,
  SellQuote,
  SellQuoteRequest,
} from "@arkrelay/core/ports/taproot-assets";

import { type AddAssetSellOrderResponse, AddAssetSellOrderRequest, type PeerAcceptedBuyQuote } from "../gen/rfqrpc/rfq";
import {
  AddInvoiceRequest,
  type AddInvoiceResponse,
  AssetPayReq,
  type AssetPayReqResponse,
  SendPaymentRequest,
  type SendPaymentResponse,
} from "../gen/tapchannelrpc/tapchannel";
import type { AssetChannel } from "../lnd/asset-channels";
import { PAYMENT_REFUSALS } from "../lnd/lnd-errors";
import { isTerminal, toLightningPayment } from "../lnd/to-payment";
import { rejectionName } from "../rejection-name";
import { fromHex, fromUnixSeconds, toHex } from "../wire-bytes";
import { toUnitsPaid } from "./asset-rate";
import { readBolt11Amount } from "./bolt11-amount";
import type { TapdCalls } from "./tapd-clients";

/** tapd's default. A longer invoice would outlive its quote and then be paid in sats. */
const INVOICE_EXPIRY_SECONDS_MAX = 300;

/** How long one peer may think about a quote, and what we add for tapd's answer. */
const QUOTE_TIMEOUT_SECONDS = 30;
const QUOTE_CALL_TIMEOUT_MS = 45_000;
/** tapd asks all peers for quotes before lnd makes the invoice. */
const INVOICE_TIMEOUT_MS = 60_000;

/** As for payments of sats, see there. */
const WATCHDOG_SECONDS = 30;

const EXISTING: ReadonlySet<string> = new Set(["payment_succeeded", "payment_in_flight", "payment_initiated"]);
const REFUSED: ReadonlySet<string> = new Set([
  ...PAYMENT_REFUSALS.map(({ name }) => name),
  "amount_too_small",
  "no_asset_channel",
]);

/** Invoices and payments over asset channels. */
export class TapdPayments {
  constructor(
    private readonly calls: TapdCalls,
    private readonly listAssetChannels: () => Promise<readonly AssetChannel[]>,
  ) {}

  /** They exist only at an lnd with tapd's hooks. */
  async supportsChannels(): Promise<boolean> {
    return (await this.listAssetChannels()).length > 0;
  }

  async createInvoice(request: CreateAssetInvoiceRequest): Promise<AssetInvoice> {
    const wire = AddInvoiceRequest.fromPartial({
      assetId: fromHex(request.assetId),
      assetAmount: request.amountUnits,
      hodlInvoice: { paymentHash: fromHex(request.paymentHash) },
      invoiceRequest: {
        memo: request.memo,
        expiry: BigInt(Math.min(request.expirySeconds, INVOICE_EXPIRY_SECONDS_MAX)),
        cltvExpiry: BigInt(request.cltvExpiry),
      },
    });
    const { acceptedBuyQuote: quote, invoiceResult } = await this.calls.write<AddInvoiceResponse>(
      "AddInvoice",
      ({ channels }, ...rest) => channels.addInvoice(wire, ...rest),
      { timeoutMs: INVOICE_TIMEOUT_MS },
    );
    const bolt11 = invoiceResult?.paymentRequest ?? "";
    const amountMsat = readBolt11Amount(bolt11);
    if (quote === undefined || amountMsat === undefined) {
      throw new AppError("outcome_unknown", { details: { service: "tapd" }, internal: "an invoice without its terms" });
    }
    return {
      bolt11,
      amountMsat,
      rfqId: toHex(quote.id),
      quotedUnits: acceptedUnits(quote),
      quoteExpiresAt: fromUnixSeconds(quote.expiry),
    };
  }

  async decodeInvoice(
    assetId: string,
    bolt11: string,
  ): Promise<{ readonly units: bigint; readonly amountMsat: bigint }> {
    const request = AssetPayReq.fromPartial({ assetId: fromHex(assetId), payReqString: bolt11 });
    const { assetAmount, payReq } = await this.calls.read<AssetPayReqResponse>(
      "DecodeAssetPayReq",
      ({ channels }, ...rest) => channels.decodeAssetPayReq(request, ...rest),
    );
    assert(payReq !== undefined, "tapd decodes an invoice or refuses it");
    return { units: assetAmount, amountMsat: payReq.numMsat };
  }

  /** The cheapest among the peers that share an asset channel with us: tapd asks one peer at a time. */
  async requestSellQuote(request: SellQuoteRequest): Promise<SellQuote | undefined> {
    const channels = await this.listAssetChannels();
    const carrying = channels.filter(({ isActive, assetIds }) => isActive && assetIds.includes(request.assetId));
    let cheapest: SellQuote | undefined;
    for (const peerPubkey of new Set(carrying.map((channel) => channel.peerPubkey))) {
      const quote = await this.askPeer(request, peerPubkey);
      if (quote !== undefined && (cheapest === undefined || quote.units < cheapest.units)) cheapest = quote;
    }
    return cheapest;
  }

  async pay(request: PayAssetInvoiceRequest, sending: Sending = {}): Promise<AssetPaymentOutcome> {
    assert(request.timeoutSeconds > 0, "lnd before 0.19 refuses a payment without a timeout");
    const wire = toWireRequest(request);
    const messages = this.calls.stream<SendPaymentResponse>(
      "SendPayment",
      ({ channels }, ...rest) => channels.sendPayment(wire, ...rest),
      { ...sending, kind: "write", timeoutMs: (request.timeoutSeconds + WATCHDOG_SECONDS) * 1000 },
    );
    try {
      for await (const { result } of messages) {
        if (result?.$case !== "paymentResult") continue;
        const payment = toLightningPayment(result.value);
        if (isTerminal(payment) && payment.paymentHash === request.paymentHash) return { kind: "payment", payment };
      }
    } catch (thrown) {
      return readRefusal(thrown);
    }
    throw new AppError("outcome_unknown", {
      details: { service: "tapd" },
      internal: "the payment's stream just ended",
    });
  }

  /** undefined = this peer does not sell, or not all of it. */
  private async askPeer(request: SellQuoteRequest, peerPubkey: string): Promise<SellQuote | undefined> {
    const order = AddAssetSellOrderRequest.fromPartial({
      assetSpecifier: { id: { $case: "assetId", value: fromHex(request.assetId) } },
      paymentMaxAmt: request.paymentMaxMsat,
      expiry: BigInt(Math.floor(Date.now() / 1000) + request.expirySeconds),
      peerPubKey: fromHex(peerPubkey),
      timeoutSeconds: QUOTE_TIMEOUT_SECONDS,
    });
    const response = await this.order(order);
    if (response?.$case !== "acceptedQuote") return undefined;
    const quote = response.value;
    if (quote.acceptedMaxAmount > 0n && quote.acceptedMaxAmount < request.paymentMaxMsat) return undefined;
    const atRate = toUnitsPaid(request.paymentMaxMsat, quote.bidAssetRate);
    return {
      rfqId: toHex(quote.id),
      peerPubkey,
      units: quote.assetAmount > atRate ? quote.assetAmount : atRate,
      expiresAt: fromUnixSeconds(quote.expiry),
    };
  }

  private async order(order: AddAssetSellOrderRequest): Promise<AddAssetSellOrderResponse["response"]> {
    try {
      const { response } = await this.calls.write<AddAssetSellOrderResponse>(
        "AddAssetSellOrder",
        ({ rfq }, ...rest) => rfq.addAssetSellOrder(order, ...rest),
        { timeoutMs: QUOTE_CALL_TIMEOUT_MS },
      );
      return response;
    } catch (thrown) {
      const name = rejectionName(thrown);
      if (name === "no_quote" || name === "no_asset_channel") return undefined;
      throw thrown;
    }
  }
}

function toWireRequest(request: PayAssetInvoiceRequest): SendPaymentRequest {
  return SendPaymentRequest.fromPartial({
    assetId: fromHex(request.assetId),
    peerPubkey: fromHex(request.peerPubkey),
    rfqId: fromHex(request.rfqId),
    // Below the quote's smallest amount it would pay more units than the user gave.
    allowOverpay: false,
    paymentRequest: {
      paymentRequest: request.bolt11,
      feeLimitMsat: request.feeLimitMsat,
      timeoutSeconds: request.timeoutSeconds,
      cltvLimit: request.cltvLimit,
      noInflightUpdates: true,
    },
  });
}

/** A peer may accept less than it was asked for. */
function acceptedUnits({ assetMaxAmount, acceptedMaxAmount }: PeerAcceptedBuyQuote): bigint {
  return acceptedMaxAmount > 0n && acceptedMaxAmount < assetMaxAmount ? acceptedMaxAmount : assetMaxAmount;
}

/** Anything but a known refusal may stand for a payment that is on its way. */
function readRefusal(thrown: unknown): AssetPaymentOutcome {
  const name = rejectionName(thrown);
  if (name === undefined || name === "UNIMPLEMENTED") throw thrown;
  if (EXISTING.has(name)) return { kind: "exists" };
  if (name === "no_quote") return { kind: "no_quote" };
  if (REFUSED.has(name)) return { kind: "refused", reason: name };
  throw new AppError("outcome_unknown", { details: { service: "tapd" }, cause: thrown });
}
