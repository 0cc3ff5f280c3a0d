import { AppError } from "@arkrelay/core/errors";
import { InvoiceReply, PaymentHashParams } from "@arkrelay/core/http/lightning";

import type { ApiDeps } from "../../api-deps";
import { readRoute } from "../../http/route";
import { invoiceSatsOf } from "./invoice-sats";
import { findVisibleInvoice, txidOf, type VisibleInvoice } from "./invoice-view";
import { readStaleness } from "./lnd-staleness";

export const getInvoiceRoute = readRoute({
  path: "/lightning/invoices/:payment_hash",
  summary: "State of a lift or land, by its exact payment hash",
  auth: ["public"],
  params: PaymentHashParams,
  replies: { 200: InvoiceReply },
}).handle(async ({ deps, caller, params }) => {
  const found = await findVisibleInvoice(deps, caller, params.payment_hash);
  if (found === undefined) throw new AppError("not_found");
  const { operation, session } = found;
  const txid = txidOf(operation, session);
  return {
    status: 200,
    body: {
      invoice_status: {
        payment_hash: operation.paymentHash,
        status: operation.status,
        amount_sats: invoiceSatsOf(operation),
        asset_id: operation.assetId,
        invoice_type: operation.invoiceType,
        created_at: operation.createdAt.toISOString(),
        expires_at: operation.expiresAt.toISOString(),
        ...(operation.paidAt !== undefined && { paid_at: operation.paidAt.toISOString() }),
        bolt11_invoice: operation.bolt11 ?? null,
        lnd_settled: operation.status === "paid",
        ...(txid !== undefined && { txid }),
        ...(operation.errorCode !== undefined && { error_code: operation.errorCode }),
        ...(await readPrivate(deps, found)),
      },
      ...(await readStaleness(deps)),
    },
  };
});

/** The proof of payment is the parties' alone, and nobody's before the payment is through. */
async function readPrivate(deps: ApiDeps, { operation, isParty }: VisibleInvoice) {
  if (!isParty) return {};
  const preimage =
    operation.status === "paid" ? await deps.session.operations.openPreimage(operation.operationId) : undefined;
  return { fee_sats: Number(operation.fee), ...(preimage !== undefined && { preimage }) };
}
