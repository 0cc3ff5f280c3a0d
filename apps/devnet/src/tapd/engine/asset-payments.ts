import type { Invoice, NewInvoice } from "../../lnd/engine/invoice";
import type { AssetHtlc, AssetLayer } from "../../lnd/engine/lnd-node";
import type { NewPayment, Payment } from "../../lnd/engine/payment";
import type { AssetChannels } from "./asset-channels";
import {
  CARRIER_MSAT,
  minTransportableMsat,
  minTransportableUnits,
  msatToUnits,
  msatToUnitsRoundedUp,
  printRate,
  unitsToMsat,
} from "./asset-rate";
import { describeChannel, describeHtlc } from "./custom-channel-data";
import type { RfqDesk } from "./rfq-desk";
import type { AssetChannel, AssetSpecifier, Quote } from "./rows";
import type { TapdCore } from "./tapd-core";
import { TapdError, wrapping } from "./tapd-error";

export interface NewAssetInvoice extends AssetSpecifier {
  readonly units: bigint;
  readonly peer: string;
  /** Without value: the units and the quote make it. */
  readonly invoice: NewInvoice;
  readonly metadata: string;
  readonly minUnits: bigint | undefined;
  readonly rateLimit: Quote["rate"] | undefined;
  readonly isFillOrKill: boolean;
}

export interface NewAssetPayment extends AssetSpecifier {
  readonly peer: string;
  /** "" = negotiate. */
  readonly rfqId: string;
  readonly isOverpayAllowed: boolean;
  readonly metadata: string;
  readonly payment: NewPayment;
}

/** tapd's DefaultInvoiceExpiry. */
const INVOICE_EXPIRY_SECONDS = 300;
/** What the hop hint asks a payer to pay the edge node: nothing, so that the amount is what the quote says. */
const HINT = { feeBaseMsat: 0, feeProportionalMillionths: 0, cltvExpiryDelta: 80 };

/** Invoices and payments over units: ordinary BOLT11 between the edge node and the world, units between it and us. */
export class AssetPayments implements AssetLayer {
  constructor(
    private readonly core: TapdCore,
    private readonly channels: AssetChannels,
    private readonly rfq: RfqDesk,
  ) {}

  addInvoice(request: NewAssetInvoice): { readonly quote: Quote; readonly invoice: Invoice } {
    const channel = wrapping("error finding asset channel to use", () =>
      this.channels.get(request, request.peer, "receive"),
    );
    const expirySeconds =
      request.invoice.expirySeconds === undefined || request.invoice.expirySeconds === 0
        ? INVOICE_EXPIRY_SECONDS
        : request.invoice.expirySeconds;
    const maxUnits = this.#maxUnits(request);
    const quote = this.#buyQuote(request, channel.peer, maxUnits);
    const expiresAt = this.core.nowSeconds() + expirySeconds;
    // Up to 0.7 an invoice could outlive its quote and then settle in sats (taproot-assets#1341).
    if (this.core.state.currentSettings.version !== "0.7" && quote.expiry < expiresAt) {
      throw new TapdError(
        `no quotes with sufficient expiry for the requested invoice expiry of ${new Date(expiresAt * 1000).toISOString()}`,
      );
    }
    const acceptedUnits = this.acceptedMaxUnits(quote);
    const units = acceptedUnits > 0n && acceptedUnits < request.units ? acceptedUnits : request.units;
    const valueMsat = request.invoice.valueMsat === 0n ? unitsToMsat(units, quote.rate) : request.invoice.valueMsat;
    const prefix = request.invoice.paymentHash === undefined ? "error creating invoice" : "error creating hodl invoice";
    const invoice = wrapping(prefix, () =>
      this.core.lnd.addInvoice({
        ...passedOn(request.invoice),
        valueMsat,
        expirySeconds,
        isPrivate: false,
        routeHints: [[{ nodeId: quote.peer, chanId: quote.scid, ...HINT }]],
      }),
    );
    return { quote, invoice };
  }

  /** 0.8 tells how much of a buy order the peer can fill; 0 = all of it, or not told. */
  acceptedMaxUnits(quote: Quote): bigint {
    if (quote.kind === "sell" || this.core.state.currentSettings.version === "0.7") return 0n;
    const [channel] = this.channels.find(quote, quote.peer, "receive");
    return channel !== undefined && channel.remoteUnits < quote.maxAmount ? channel.remoteUnits : 0n;
  }

  /** What the units of an invoice's amount cost now, fees aside. */
  unitsOf(specifier: AssetSpecifier, amountMsat: bigint): bigint {
    if (!this.core.state.currentSettings.hasPriceOracle) throw new TapdError("price oracle is not set");
    // DecodeAssetPayReq starts from whole satoshi.
    return msatToUnits((amountMsat / 1000n) * 1000n, this.rfq.rateOf(specifier));
  }

  /** The quotes for a payment: the given one, or a new one. Empty = no peer sells. */
  quotesFor(request: NewAssetPayment): readonly Quote[] {
    const maxMsat = this.#paymentMaxMsat(request.payment);
    if (request.rfqId !== "") {
      const quote = this.rfq.list("sell").find(({ id }) => id === request.rfqId);
      if (quote === undefined) throw new TapdError("quote ID did not match an accepted quote");
      checkOverpayment(quote, maxMsat, request.isOverpayAllowed);
      return [quote];
    }
    const channel = wrapping("error finding asset channel to use", () =>
      this.channels.get(request, request.peer, "send"),
    );
    try {
      const quote = this.rfq.sell({
        assetId: request.assetId,
        groupKey: request.groupKey,
        maxMsat,
        peer: channel.peer,
        metadata: request.metadata,
        rateLimit: undefined,
        isChannelCheckSkipped: false,
      });
      checkOverpayment(quote, maxMsat, request.isOverpayAllowed);
      return [quote];
    } catch (error) {
      // tapd only logs why a peer gave no usable quote.
      if (error instanceof TapdError) return [];
      throw error;
    }
  }

  /** Starts the payment at lnd, our first channel carrying units. Throws lnd's refusals. */
  pay(request: NewAssetPayment, quote: Quote): Payment {
    const { paymentRequest = "" } = request.payment;
    const decoded = this.core.facts.decodePaymentRequest(paymentRequest);
    const valueMsat = decoded.amountMsat === 0n ? (request.payment.amountMsat ?? 0n) : decoded.amountMsat;
    const feeMsat = this.core.facts.estimateFeeMsat(paymentRequest, valueMsat) ?? request.payment.feeLimitMsat;
    const units = msatToUnitsRoundedUp(valueMsat + feeMsat, quote.rate);
    const channel = this.channels.find(quote, quote.peer, "send").find(({ localUnits }) => localUnits >= units);
    if (channel === undefined || !this.rfq.isLive(quote)) return this.#payNowhere(request.payment);
    const customChannelData = describeHtlc(this.#balances(channel, units), quote.id);
    const key = `out/${decoded.paymentHash}/${quote.id}/${this.core.state.nextNumber}`;
    this.channels.lock({
      key,
      channelPoint: channel.channelPoint,
      direction: "outgoing",
      units,
      paymentHash: decoded.paymentHash,
      quoteId: quote.id,
    });
    try {
      const payment = this.core.lnd.sendPayment({
        ...request.payment,
        assetHtlc: { customChannelData, carrierMsat: CARRIER_MSAT },
      });
      this.onPayment(payment);
      return payment;
    } catch (error) {
      this.channels.release(key, "cancelled");
      throw error;
    }
  }

  /** lnd's hook: units for the HTLC of an asset invoice, or undefined for plain sats. */
  carryIncoming(invoice: Invoice, amountMsat: bigint): AssetHtlc | undefined {
    const scids = new Set(invoice.routeHints.flatMap((hint) => hint.map(({ chanId }) => chanId)));
    const quote = this.rfq.list("buy").find(({ scid }) => scids.has(scid));
    if (quote === undefined || this.core.faults.takeQuoteExpired()) return undefined;
    const units = msatToUnits(amountMsat, quote.rate);
    const channel = this.channels.find(quote, quote.peer, "receive").find(({ remoteUnits }) => remoteUnits >= units);
    if (channel === undefined || units === 0n) return undefined;
    return {
      customChannelData: describeHtlc(this.#balances(channel, units), quote.id),
      carrierMsat: CARRIER_MSAT,
    };
  }

  /** lnd's hook: what its channel lists show of the units. */
  channelData(channelPoint: string): string {
    const channel = this.core.state.channels.get(channelPoint);
    if (channel === undefined) return "";
    return describeChannel(this.core.state, channel, this.channels.inFlight(channelPoint));
  }

  /** Units follow the HTLCs of an invoice of ours, whatever order the news comes in. */
  onInvoice(invoice: Invoice): void {
    for (const htlc of invoice.htlcs) {
      if (htlc.customChannelData === "") continue;
      const key = `in/${invoice.paymentHash}/${htlc.paymentKey}/${htlc.attemptId}`;
      if (!this.core.state.htlcs.has(key)) this.#lockIncoming(key, invoice, htlc.amountMsat);
      if (htlc.state === "settled") this.channels.release(key, "settled");
      if (htlc.state === "canceled") this.channels.release(key, "cancelled");
    }
  }

  /** A payment of ours ended. */
  onPayment(payment: Payment): void {
    if (payment.status !== "succeeded" && payment.status !== "failed") return;
    const outcome = payment.status === "succeeded" ? "settled" : "cancelled";
    for (const { key, paymentHash, direction } of this.core.state.htlcs.values()) {
      if (paymentHash === payment.paymentHash && direction === "outgoing") this.channels.release(key, outcome);
    }
  }

  #lockIncoming(key: string, invoice: Invoice, amountMsat: bigint): void {
    const scids = new Set(invoice.routeHints.flatMap((hint) => hint.map(({ chanId }) => chanId)));
    const quote = [...this.core.state.quotes.values()].find(({ kind, scid }) => kind === "buy" && scids.has(scid));
    if (quote === undefined) return;
    const units = msatToUnits(amountMsat, quote.rate);
    const channel = this.channels.find(quote, quote.peer, "receive").find(({ remoteUnits }) => remoteUnits >= units);
    if (channel === undefined) return;
    const { channelPoint } = channel;
    this.channels.lock({
      key,
      channelPoint,
      direction: "incoming",
      units,
      paymentHash: invoice.paymentHash,
      quoteId: quote.id,
    });
  }

  #maxUnits({ units, invoice, assetId, groupKey }: NewAssetInvoice): bigint {
    if (units > 0n && invoice.valueMsat > 0n) {
      throw new TapdError("error calculating asset max amount: cannot set both asset amount and sats amount");
    }
    return invoice.valueMsat === 0n ? units : this.unitsOf({ assetId, groupKey }, invoice.valueMsat);
  }

  #buyQuote(request: NewAssetInvoice, peer: string, maxUnits: bigint): Quote {
    const { assetId, groupKey, metadata, minUnits, rateLimit, isFillOrKill } = request;
    const quote = wrapping("error acquiring buy order for invoice: error adding buy order", () =>
      this.rfq.buy({
        assetId,
        groupKey,
        maxUnits,
        minUnits,
        peer,
        metadata,
        rateLimit,
        isFillOrKill,
        isChannelCheckSkipped: false,
      }),
    );
    const minimum = minTransportableUnits(quote.rate);
    if (minimum > maxUnits) {
      throw new TapdError(
        `error acquiring buy order for invoice: cannot create invoice over ${maxUnits} asset units, as the minimal transportable amount is ${minimum} units with the current rate of ${printRate(quote.rate)} units/BTC`,
      );
    }
    return quote;
  }

  #paymentMaxMsat(payment: NewPayment): bigint {
    const { amountMsat } = wrapping("error decoding payment request", () =>
      this.core.facts.decodePaymentRequest(payment.paymentRequest ?? ""),
    );
    const value = amountMsat === 0n ? (payment.amountMsat ?? 0n) : amountMsat;
    if (value === 0n) throw new TapdError("amount must be specified when paying a zero amount invoice");
    return value + payment.feeLimitMsat;
  }

  /** lnd finds no channel with the bandwidth: the payment exists there, and fails. */
  #payNowhere(payment: NewPayment): Payment {
    return this.core.lnd.sendPayment({ ...payment, outgoingChanIds: [NO_CHANNEL] });
  }

  /** Units of a channel's pieces in order: one asset, or several of a group. */
  #balances(channel: AssetChannel, units: bigint): readonly { readonly assetId: string; readonly units: bigint }[] {
    let missing = units;
    return channel.pieceIds.flatMap((id) => {
      const piece = this.core.state.pieces.get(id);
      if (piece === undefined || missing === 0n) return [];
      const part = missing < piece.amount ? missing : piece.amount;
      missing -= part;
      return [{ assetId: piece.assetId, units: part }];
    });
  }
}

/** No funding transaction is at height 0, so no channel has this id. */
const NO_CHANNEL = 1n;

/** For a hold invoice tapd hands lnd neither the final CLTV delta nor a fallback address: lnd's defaults hold (0.8). */
function passedOn(invoice: NewInvoice): NewInvoice {
  if (invoice.paymentHash === undefined) return invoice;
  const { cltvExpiry: _cltvExpiry, fallbackAddr: _fallbackAddr, ...rest } = invoice;
  return rest;
}

function checkOverpayment(quote: Quote, paymentMsat: bigint, isOverpayAllowed: boolean): void {
  const minimum = minTransportableMsat(quote.rate);
  if (isOverpayAllowed || minimum <= paymentMsat) return;
  throw new TapdError(
    `rejecting payment of ${paymentMsat} mSAT (invoice amount + user-defined routing fee limit), minimum amount for an asset payment is ${minimum} mSAT with the current rate of ${printRate(quote.rate)} units/BTC; override this check by specifying the allow_overpay flag`,
  );
}
