import type { Owner } from "./channel";
import { concludePayment } from "./conclude-payment";
import type { Invoice, InvoiceHtlc } from "./invoice";
import { type LndContext, sha256Hex } from "./lnd-context";
import { LndError } from "./lnd-error";

/** Reveals the preimage of a hold invoice. Settled already is success. */
export function settleInvoice(context: LndContext, owner: Owner, preimage: string): Invoice {
  const invoice = context.store.invoices(owner).get(sha256Hex(preimage));
  if (invoice === undefined) throw new LndError("unable to locate invoice");
  switch (invoice.state) {
    case "settled":
      return invoice;
    case "open":
      throw new LndError("invoice still open");
    case "canceled":
      throw new LndError("invoice already canceled");
    case "accepted":
      return settleAccepted(context, owner, invoice, preimage);
  }
}

/** Takes the money of an accepted invoice and settles the payments that brought it. */
export function settleAccepted(context: LndContext, owner: Owner, invoice: Invoice, preimage: string): Invoice {
  const { store, clock } = context;
  return store.transact(() => {
    const settleIndex = owner === "node" ? store.meta.settleIndex + 1n : 1n;
    if (owner === "node") store.changeMeta({ settleIndex });
    const settled: Invoice = {
      ...invoice,
      preimage,
      state: "settled",
      settleIndex,
      settledAt: clock.nowSeconds(),
      htlcs: resolveHtlcs(invoice.htlcs, "settled", clock.nowSeconds()),
    };
    store.putInvoice(owner, settled);
    if (owner === "node") store.emit({ kind: "invoice", change: "state", invoice: settled });
    for (const paymentKey of payersOf(invoice)) concludePayment(context, paymentKey, { preimage });
    return settled;
  });
}

/** Gives up an invoice and gives back what is held for it. Canceled already is success. */
export function cancelInvoice(context: LndContext, owner: Owner, paymentHash: string): Invoice {
  const invoice = context.store.invoices(owner).get(paymentHash);
  if (invoice === undefined) throw new LndError("unable to locate invoice");
  if (invoice.state === "canceled") return invoice;
  if (invoice.state === "settled") throw new LndError("invoice already settled");
  const { store, clock } = context;
  return store.transact(() => {
    const canceled: Invoice = {
      ...invoice,
      state: "canceled",
      amountPaidMsat: 0n,
      htlcs: resolveHtlcs(invoice.htlcs, "canceled", clock.nowSeconds()),
    };
    store.putInvoice(owner, canceled);
    if (owner === "node") store.emit({ kind: "invoice", change: "state", invoice: canceled });
    for (const paymentKey of payersOf(invoice)) {
      concludePayment(context, paymentKey, {
        failureCode: "INCORRECT_OR_UNKNOWN_PAYMENT_DETAILS",
        failureReason: "incorrect_payment_details",
      });
    }
    return canceled;
  });
}

/** Gives back the parts of a set that never became whole; the invoice stays open. */
export function failIncompleteSet(context: LndContext, owner: Owner, invoice: Invoice): void {
  const { store, clock } = context;
  store.transact(() => {
    const htlcs = resolveHtlcs(invoice.htlcs, "canceled", clock.nowSeconds());
    const open: Invoice = { ...invoice, amountPaidMsat: 0n, htlcs };
    store.putInvoice(owner, open);
    if (owner === "node") store.emit({ kind: "invoice", change: "htlc", invoice: open });
    for (const paymentKey of payersOf(invoice)) {
      concludePayment(context, paymentKey, { failureCode: "MPP_TIMEOUT", failureReason: "timeout" });
    }
  });
}

function payersOf(invoice: Invoice): ReadonlySet<string> {
  return new Set(invoice.htlcs.filter(({ state }) => state === "accepted").map(({ paymentKey }) => paymentKey));
}

function resolveHtlcs(
  htlcs: readonly InvoiceHtlc[],
  state: "settled" | "canceled",
  nowSeconds: number,
): readonly InvoiceHtlc[] {
  return htlcs.map((htlc) => (htlc.state === "accepted" ? { ...htlc, state, resolveTime: nowSeconds } : htlc));
}
