import { AppError } from "../errors";
import { decodeBolt11 } from "../lightning/bolt11";
import type { Clock } from "../ports/clock";
import type { Sending } from "../ports/lightning-node";
import type {
  AssetInvoice,
  AssetPaymentOutcome,
  AssetPayments,
  CreateAssetInvoiceRequest,
  PayAssetInvoiceRequest,
  SellQuote,
  SellQuoteRequest,
  TaprootAssetBalance,
  TaprootAssets,
} from "../ports/taproot-assets";
import type { InMemoryLightningNode } from "./in-memory-lightning-node";

/** Sats that an HTLC with units moves: below it it would be dust on the chain. */
export const HTLC_CARRIER_MSAT = 354_000n;

const PEER = `02${"ee".repeat(32)}`;
const QUOTE_LIFE_MS = 600_000;

/**
 * tapd's channel side behind its port, in front of an lnd in memory. A unit costs the same both ways; invoices are rounded down to
 * msat and units to whole ones, as tapd does. Faults are those of the node.
 */
export class InMemoryAssetChannels implements AssetPayments, Pick<TaprootAssets, "getAssetBalance"> {
  /** Price of a unit. */
  msatPerUnit = 1_000_000n;
  /** Units on our side of the channels at first. */
  openingUnits = 100_000n;
  /** Whether a peer sells what it is asked for. */
  isSelling = true;
  /** Units that a peer sells for less than it is asked for; undefined = all that is asked. */
  buyLimit: bigint | undefined;
  /** How long a quote lives. */
  quoteLifeMs = QUOTE_LIFE_MS;
  /** Units by hash of the invoices that were made. */
  private readonly invoiced = new Map<string, { readonly assetId: string; readonly units: bigint }>();
  private readonly sold = new Map<string, SellQuote & { readonly assetId: string }>();
  private quotes = 0;

  constructor(
    private readonly lightning: InMemoryLightningNode,
    private readonly clock: Clock,
  ) {}

  /** A payer's HTLC arrives with all the units an invoice asks for, or with what is told. */
  receive(paymentHash: string, { units, blocks }: { readonly units?: bigint; readonly blocks?: number } = {}): boolean {
    const asked = this.invoiced.get(paymentHash);
    if (asked === undefined) return false;
    const carried = { units: new Map([[asked.assetId, units ?? asked.units]]), carrierMsat: HTLC_CARRIER_MSAT };
    return this.lightning.receive(paymentHash, { carried, ...(blocks !== undefined && { blocks }) });
  }

  async createAssetInvoice(request: CreateAssetInvoiceRequest): Promise<AssetInvoice> {
    const { assetId, amountUnits, paymentHash, memo, expirySeconds, cltvExpiry } = request;
    const quotedUnits = this.buyLimit !== undefined && this.buyLimit < amountUnits ? this.buyLimit : amountUnits;
    const quoteExpiresAt = this.expiry();
    const valueMsat = quotedUnits * this.msatPerUnit;
    this.invoiced.set(paymentHash, { assetId, units: quotedUnits });
    const { bolt11 } = this.lightning.addInvoiceOnce({ paymentHash, valueMsat, memo, expirySeconds, cltvExpiry });
    return { bolt11, amountMsat: valueMsat, rfqId: this.nextId(), quotedUnits, quoteExpiresAt };
  }

  async decodeAssetInvoice(_assetId: string, bolt11: string) {
    this.lightning.meet("read");
    // The text of our own invoices is only a name.
    const own = this.invoiced.get(bolt11.slice("lnbcrt".length));
    const amountMsat = own === undefined ? (decodeBolt11(bolt11).amountMsat ?? 0n) : own.units * this.msatPerUnit;
    return { units: this.unitsFor(amountMsat), amountMsat };
  }

  async getAssetBalance(assetId: string): Promise<TaprootAssetBalance> {
    this.lightning.meet("read");
    const channelUnits = this.openingUnits + this.lightning.netUnits(assetId);
    return { assetId, balanceUnits: 0n, utxoCount: 0, channelUnits, unconfirmedUnits: 0n, leasedUnits: 0n };
  }

  async requestSellQuote({ assetId, paymentMaxMsat }: SellQuoteRequest): Promise<SellQuote | undefined> {
    if (this.lightning.meet("requestSellQuote") === "lose_reply") {
      throw new AppError("outcome_unknown", { details: { service: "tapd" } });
    }
    if (!this.isSelling) return undefined;
    const units = this.unitsFor(paymentMaxMsat);
    const quote = { rfqId: this.nextId(), peerPubkey: PEER, units, expiresAt: this.expiry() };
    this.sold.set(quote.rfqId, { ...quote, assetId });
    return quote;
  }

  async payAssetInvoice(request: PayAssetInvoiceRequest, sending?: Sending): Promise<AssetPaymentOutcome> {
    const { assetId, bolt11, paymentHash, rfqId, feeLimitMsat, timeoutSeconds, cltvLimit } = request;
    const quote = this.sold.get(rfqId);
    if (quote === undefined || quote.assetId !== assetId || quote.expiresAt <= this.clock.now()) {
      this.lightning.meet("read");
      return { kind: "no_quote" };
    }
    const answer = this.lightning.payees.get(paymentHash);
    const feeMsat = answer?.kind === "pay" ? answer.feeMsat : 0n;
    const units = this.unitsFor((decodeBolt11(bolt11).amountMsat ?? 0n) + feeMsat);
    const carried = { units: new Map([[assetId, units]]), carrierMsat: HTLC_CARRIER_MSAT };
    const payment = { bolt11, paymentHash, amountMsat: undefined, feeLimitMsat, timeoutSeconds, cltvLimit };
    const outcome = await this.lightning.sendUnits(payment, carried, sending);
    return outcome.kind === "exists" ? { kind: "exists" } : outcome;
  }

  private unitsFor(amountMsat: bigint): bigint {
    return (amountMsat + this.msatPerUnit - 1n) / this.msatPerUnit;
  }

  private expiry(): Date {
    return new Date(this.clock.now().getTime() + this.quoteLifeMs);
  }

  private nextId(): string {
    return (++this.quotes).toString(16).padStart(64, "0");
  }
}
