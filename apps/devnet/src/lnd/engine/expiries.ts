import type { Owner } from "./channel";
import type { Invoice } from "./invoice";
import type { LndContext } from "./lnd-context";
import { MPP_TIMEOUT_SECONDS } from "./lnd-settings";
import { cancelInvoice, failIncompleteSet } from "./settle-invoice";

/** Lets time do its work: incomplete sets are given back, unpaid invoices end. Returns when it has to look again, unix seconds. */
export function sweepExpiries(context: LndContext): number {
  const nowSeconds = context.clock.nowSeconds();
  let next = Number.POSITIVE_INFINITY;
  for (const owner of ["node", "outside"] as const) {
    for (const invoice of context.store.invoices(owner).values()) {
      const deadline = nextDeadline(invoice);
      if (deadline > nowSeconds) next = Math.min(next, deadline);
      else next = Math.min(next, expire(context, owner, invoice, nowSeconds));
    }
  }
  return next;
}

function nextDeadline(invoice: Invoice): number {
  if (invoice.state !== "open") return Number.POSITIVE_INFINITY;
  return Math.min(invoiceExpiry(invoice), setTimeoutOf(invoice));
}

function invoiceExpiry(invoice: Invoice): number {
  return invoice.createdAt + invoice.expirySeconds + 1;
}

function setTimeoutOf(invoice: Invoice): number {
  const held = invoice.htlcs.filter(({ state }) => state === "accepted");
  return Math.min(...held.map(({ acceptTime }) => acceptTime)) + MPP_TIMEOUT_SECONDS;
}

function expire(context: LndContext, owner: Owner, invoice: Invoice, nowSeconds: number): number {
  if (invoiceExpiry(invoice) <= nowSeconds) {
    cancelInvoice(context, owner, invoice.paymentHash);
    return Number.POSITIVE_INFINITY;
  }
  failIncompleteSet(context, owner, invoice);
  return invoiceExpiry(invoice);
}
