import type { Clock } from "../ports/clock";
import type {
  AddHoldInvoiceRequest,
  InvoiceCursor,
  InvoiceHtlc,
  LightningInvoice,
  ListInvoicesPage,
  PendingHtlc,
} from "../ports/lightning-node";
import { type CarriedUnits, refusal } from "./in-memory-lightning";

export interface ReceivedParts {
  readonly partsMsat?: readonly bigint[];
  readonly blocks?: number;
  /** With each part. */
  readonly carried?: CarriedUnits;
}

interface HeldInvoice {
  readonly invoice: Omit<LightningInvoice, "state" | "htlcs" | "amtPaidMsat" | "settleIndex">;
  state: LightningInvoice["state"];
  htlcs: HeldHtlc[];
  settleIndex: bigint;
}

/** `movedMsat` = sats that really cross the channel. */
type HeldHtlc = InvoiceHtlc & { readonly movedMsat: bigint };

/** Invoices of an lnd in memory: one per hash, and HTLCs that are held until they are settled, given back or run out by height. */
export class InMemoryInvoices {
  /** By how much lnd's clock is behind the gateway's. */
  behindMs = 0;
  private readonly invoices = new Map<string, HeldInvoice>();
  private settled = 0n;

  constructor(private readonly clock: Clock) {}

  has(paymentHash: string): boolean {
    return this.invoices.has(paymentHash);
  }

  stateOf(paymentHash: string): LightningInvoice["state"] | undefined {
    return this.invoices.get(paymentHash)?.state;
  }

  /** Together they must make up its value in time, else they are failed back: false. */
  receive(paymentHash: string, height: number, { partsMsat, blocks = 144, carried }: ReceivedParts): boolean {
    const held = this.invoices.get(paymentHash);
    if (held?.state !== "open" || this.isExpired(held)) return false;
    const parts = partsMsat ?? [held.invoice.valueMsat];
    if (parts.reduce((sum, part) => sum + part, 0n) < held.invoice.valueMsat) return false;
    held.htlcs = parts.map((amtMsat) => ({
      state: "accepted",
      amtMsat,
      expiryHeight: height + blocks,
      units: carried?.units ?? new Map<string, bigint>(),
      movedMsat: carried?.carrierMsat ?? amtMsat,
    }));
    held.state = "accepted";
    return true;
  }

  /** Gives back what is held and runs out at or before this height. */
  giveBackBefore(height: number): void {
    for (const held of this.invoices.values()) {
      const expires = held.htlcs.map((htlc) => htlc.expiryHeight);
      if (held.state === "accepted" && Math.min(...expires) <= height) giveBack(held);
    }
  }

  /** Height at which the first HTLC held for an invoice runs out; undefined when none is held. */
  expiryHeightOf(paymentHash: string): number | undefined {
    const held = this.invoices.get(paymentHash);
    return held?.state === "accepted" ? Math.min(...held.htlcs.map((htlc) => htlc.expiryHeight)) : undefined;
  }

  /** HTLCs of settled invoices. */
  settledHtlcs(): readonly HeldHtlc[] {
    return [...this.invoices.values()].filter(({ state }) => state === "settled").flatMap(({ htlcs }) => htlcs);
  }

  /** As a channel shows what is held. */
  pendingHtlcs(): readonly PendingHtlc[] {
    const held = [...this.invoices.values()].filter(({ state }) => state === "accepted");
    return held.flatMap(({ invoice, htlcs }) =>
      htlcs.map((htlc) => ({
        isIncoming: true,
        amountSats: htlc.movedMsat / 1000n,
        paymentHash: invoice.paymentHash,
        isForwarded: false,
        expirationHeight: htlc.expiryHeight,
      })),
    );
  }

  add(request: AddHoldInvoiceRequest): LightningInvoice {
    const known = this.invoices.get(request.paymentHash);
    if (known !== undefined) return this.show(known);
    const createdAt = this.clock.now();
    const held: HeldInvoice = {
      invoice: {
        paymentHash: request.paymentHash,
        // Nobody decodes it here: payers of these tests know the hash.
        bolt11: `lnbcrt${request.paymentHash}`,
        memo: request.memo,
        valueMsat: request.valueMsat,
        addIndex: BigInt(this.invoices.size + 1),
        createdAt,
        expiresAt: new Date(createdAt.getTime() + request.expirySeconds * 1000),
      },
      state: "open",
      htlcs: [],
      settleIndex: 0n,
    };
    this.invoices.set(request.paymentHash, held);
    return this.show(held);
  }

  /** Returns the sats that crossed the channel by it; none when it was settled before. Refuses like lnd. */
  settle(paymentHash: string): bigint {
    const held = this.invoices.get(paymentHash);
    if (held === undefined) throw refusal("invoice_unknown");
    if (held.state === "canceled") throw refusal("invoice_canceled");
    if (held.state === "open") throw refusal("invoice_open");
    if (held.state === "settled") return 0n;
    held.state = "settled";
    held.settleIndex = ++this.settled;
    held.htlcs = held.htlcs.map((htlc) => ({ ...htlc, state: "settled" }));
    return held.htlcs.reduce((sum, htlc) => sum + htlc.movedMsat, 0n);
  }

  cancel(paymentHash: string): void {
    const held = this.invoices.get(paymentHash);
    if (held === undefined) throw refusal("invoice_unknown");
    if (held.state === "settled") throw refusal("invoice_settled");
    giveBack(held);
  }

  find(paymentHash: string): LightningInvoice | undefined {
    const held = this.invoices.get(paymentHash);
    return held === undefined ? undefined : this.show(held);
  }

  list({ afterAddIndex, limit, pendingOnly = false }: ListInvoicesPage): readonly LightningInvoice[] {
    return [...this.invoices.values()]
      .filter((held) => held.invoice.addIndex > afterAddIndex)
      .filter((held) => !pendingOnly || held.state === "open" || held.state === "accepted")
      .slice(0, limit)
      .map((held) => this.show(held));
  }

  *since({ addIndex, settleIndex }: InvoiceCursor): Iterable<LightningInvoice> {
    for (const held of this.invoices.values()) {
      if (held.settleIndex > settleIndex || held.invoice.addIndex > addIndex) yield this.show(held);
    }
  }

  /** As lnd does, an open invoice past its expiry is cancelled. */
  private show(held: HeldInvoice): LightningInvoice {
    if (held.state === "open" && this.isExpired(held)) held.state = "canceled";
    const { invoice, state, htlcs, settleIndex } = held;
    const amtPaidMsat = state === "accepted" || state === "settled" ? sumMsat(htlcs) : 0n;
    return { ...invoice, state, htlcs: [...htlcs], amtPaidMsat, settleIndex };
  }

  private isExpired({ invoice }: HeldInvoice): boolean {
    return invoice.expiresAt.getTime() <= this.clock.now().getTime() - this.behindMs;
  }
}

function giveBack(held: HeldInvoice): void {
  held.state = "canceled";
  held.htlcs = held.htlcs.map((htlc) => ({ ...htlc, state: "canceled" }));
}

function sumMsat(htlcs: readonly InvoiceHtlc[]): bigint {
  return htlcs.reduce((sum, htlc) => sum + htlc.amtMsat, 0n);
}
