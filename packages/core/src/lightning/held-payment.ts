import type { InvoiceHtlc, LightningInvoice } from "../ports/lightning-node";

/** lnd says ACCEPTED once the whole amount is held; an invoice that is paid in part stays open, and its parts are failed back. */
export function isHeld(invoice: LightningInvoice): boolean {
  return invoice.state === "accepted" && heldMsat(invoice) >= invoice.valueMsat;
}

export function heldMsat(invoice: LightningInvoice): bigint {
  return liveHtlcs(invoice).reduce((sum, htlc) => sum + htlc.amtMsat, 0n);
}

/** Block height from which the first of the held HTLCs can be taken back; 0 without one. */
export function minimumExpiryHeight(invoice: LightningInvoice): number {
  const heights = liveHtlcs(invoice).map((htlc) => htlc.expiryHeight);
  return heights.length === 0 ? 0 : Math.min(...heights);
}

/** Those that brought what an invoice has: held while it is ACCEPTED, settled once it is SETTLED. */
export function liveHtlcs({ htlcs, state }: Pick<LightningInvoice, "htlcs" | "state">): readonly InvoiceHtlc[] {
  return htlcs.filter((htlc) => htlc.state === (state === "settled" ? "settled" : "accepted"));
}
