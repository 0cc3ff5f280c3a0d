import { InvoiceListQuery, InvoiceListReply } from "@arkrelay/core/http/lightning-operator";
import { invoiceSatsOf } from "@arkrelay/core/lightning/invoice-status";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";
import { readStaleness } from "./lnd-staleness";

export const listInvoicesRoute = readRoute({
  path: "/lightning/invoices",
  summary: "Invoices of lifts and lands, newest first",
  auth: ["admin"],
  query: InvoiceListQuery,
  replies: { 200: InvoiceListReply },
}).handle(async ({ deps, query }) => {
  const pendingOnly = query.pending_only ?? false;
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "lightning-invoices",
    filters: { pendingOnly },
    limit: query.limit,
    cursor: query.cursor,
    fetch: (count, beforeId) => deps.session.operations.list({ pendingOnly }, count, beforeId),
  });
  return {
    status: 200,
    body: {
      invoices: rows.map((row) => ({
        payment_hash: row.paymentHash,
        payment_request: row.bolt11 ?? null,
        value: invoiceSatsOf(row),
        settled: row.status === "paid",
        creation_date: row.createdAt.toISOString(),
        expiry: Math.max(0, Math.round((row.expiresAt.getTime() - row.createdAt.getTime()) / 1000)),
        memo: row.memo,
        status: row.status,
        invoice_type: row.invoiceType,
      })),
      pending_only: pendingOnly,
      count: page.total_count,
      next_cursor: page.next_cursor,
      ...(await readStaleness(deps)),
    },
  };
});
