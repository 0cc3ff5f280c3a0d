import {
  type HopHint as WireHopHint,
  Invoice as WireInvoice,
  InvoiceHTLCState,
  Invoice_InvoiceState,
  type RouteHint,
} from "@arkrelay/daemons/proto/lnrpc/lightning";

import { INVOICE_FEATURES } from "../engine/add-invoice";
import type { HopHint, Invoice, InvoiceHtlc, InvoiceState } from "../engine/invoice";
import { fromHex } from "./wire-bytes";
import { toFeatures } from "./wire-features";

const STATES: Readonly<Record<InvoiceState, Invoice_InvoiceState>> = {
  open: Invoice_InvoiceState.OPEN,
  accepted: Invoice_InvoiceState.ACCEPTED,
  settled: Invoice_InvoiceState.SETTLED,
  canceled: Invoice_InvoiceState.CANCELED,
};

const HTLC_STATES: Readonly<Record<InvoiceHtlc["state"], InvoiceHTLCState>> = {
  accepted: InvoiceHTLCState.ACCEPTED,
  settled: InvoiceHTLCState.SETTLED,
  canceled: InvoiceHTLCState.CANCELED,
};

/** The preimage of a normal invoice is shown in every state, that of a hold invoice once it is settled: as lnd does. */
export function toWireInvoice(invoice: Invoice): WireInvoice {
  return WireInvoice.fromPartial({
    memo: invoice.memo,
    rPreimage: fromHex(invoice.preimage),
    rHash: fromHex(invoice.paymentHash),
    value: invoice.valueMsat / 1_000n,
    valueMsat: invoice.valueMsat,
    settled: invoice.state === "settled",
    creationDate: BigInt(invoice.createdAt),
    settleDate: BigInt(invoice.settledAt),
    paymentRequest: invoice.paymentRequest,
    descriptionHash: fromHex(invoice.descriptionHash),
    expiry: BigInt(invoice.expirySeconds),
    fallbackAddr: invoice.fallbackAddr,
    cltvExpiry: BigInt(invoice.cltvExpiry),
    routeHints: invoice.routeHints.map(toWireRouteHint),
    private: invoice.isPrivate,
    addIndex: invoice.addIndex,
    settleIndex: invoice.settleIndex,
    // The deprecated twin is in msat, unlike its look-alike.
    amtPaid: invoice.amountPaidMsat,
    amtPaidSat: invoice.amountPaidMsat / 1_000n,
    amtPaidMsat: invoice.amountPaidMsat,
    state: STATES[invoice.state],
    htlcs: invoice.htlcs.map((htlc) => ({
      chanId: htlc.chanId,
      htlcIndex: htlc.htlcIndex,
      amtMsat: htlc.amountMsat,
      acceptHeight: htlc.acceptHeight,
      acceptTime: BigInt(htlc.acceptTime),
      resolveTime: BigInt(htlc.resolveTime),
      expiryHeight: htlc.expiryHeight,
      state: HTLC_STATES[htlc.state],
      mppTotalAmtMsat: htlc.mppTotalMsat,
      customChannelData: fromHex(htlc.customChannelData),
    })),
    features: toFeatures(INVOICE_FEATURES),
    paymentAddr: fromHex(invoice.paymentAddr),
  });
}

export function toWireRouteHint(hops: readonly HopHint[]): RouteHint {
  return { hopHints: hops.map((hop): WireHopHint => ({ ...hop })) };
}

export function fromWireRouteHint(hint: RouteHint): readonly HopHint[] {
  return hint.hopHints;
}
