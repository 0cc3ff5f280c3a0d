import { AppError } from "@arkrelay/core/errors";
import { InvoiceReply, PaymentHashParams } from "@arkrelay/core/http/lightning";
import { toInvoiceStatus } from "@arkrelay/core/lightning/invoice-status";

import type { ApiDeps } from "../../api-deps";
import { readRoute } from "../../http/route";
import { findVisibleInvoice, type VisibleInvoice } from "./invoice-view";
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
  return {
    status: 200,
    body: {
      invoice_status: {
        ...toInvoiceStatus(operation, session),
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
