import { assert } from "@arkrelay/core/errors";
import type { InvoiceHtlc, InvoiceState, LightningInvoice } from "@arkrelay/core/ports/lightning-node";

import { type Invoice, Invoice_InvoiceState, type InvoiceHTLC, InvoiceHTLCState } from "../gen/lnrpc/lightning";
import { fromUnixSeconds, toHex } from "../wire-bytes";
import { unitsOfHtlc } from "./asset-units";

const STATES: ReadonlyMap<Invoice_InvoiceState, InvoiceState> = new Map([
  [Invoice_InvoiceState.OPEN, "open"],
  [Invoice_InvoiceState.ACCEPTED, "accepted"],
  [Invoice_InvoiceState.SETTLED, "settled"],
  [Invoice_InvoiceState.CANCELED, "canceled"],
]);

const HTLC_STATES: ReadonlyMap<InvoiceHTLCState, InvoiceHtlc["state"]> = new Map([
  [InvoiceHTLCState.ACCEPTED, "accepted"],
  [InvoiceHTLCState.SETTLED, "settled"],
  [InvoiceHTLCState.CANCELED, "canceled"],
]);

/** Leaves the preimage out: lnd shows it even while the invoice is open. */
export function toLightningInvoice(invoice: Invoice): LightningInvoice {
  const state = STATES.get(invoice.state);
  assert(state !== undefined, `lnd has no invoice state ${invoice.state}`);
  return {
    paymentHash: toHex(invoice.rHash),
    bolt11: invoice.paymentRequest,
    memo: invoice.memo,
    valueMsat: invoice.valueMsat,
    amtPaidMsat: invoice.amtPaidMsat,
    state,
    addIndex: invoice.addIndex,
    settleIndex: invoice.settleIndex,
    createdAt: fromUnixSeconds(invoice.creationDate),
    expiresAt: fromUnixSeconds(invoice.creationDate + invoice.expiry),
    htlcs: invoice.htlcs.map(toInvoiceHtlc),
  };
}

function toInvoiceHtlc(htlc: InvoiceHTLC): InvoiceHtlc {
  const state = HTLC_STATES.get(htlc.state);
  assert(state !== undefined, `lnd has no HTLC state ${htlc.state}`);
  return {
    state,
    amtMsat: htlc.amtMsat,
    expiryHeight: htlc.expiryHeight,
    units: unitsOfHtlc(htlc.customChannelData),
  };
}
