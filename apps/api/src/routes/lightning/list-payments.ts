import { LandStatusName } from "@arkrelay/core/http/lightning";
import { PaymentListQuery, PaymentListReply } from "@arkrelay/core/http/lightning-operator";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";
import { toSatsUp } from "./invoice-view";
import { readStaleness } from "./lnd-staleness";

export const listPaymentsRoute = readRoute({
  path: "/lightning/payments",
  summary: "Payments of lands, newest first; never a preimage",
  auth: ["admin"],
  query: PaymentListQuery,
  replies: { 200: PaymentListReply },
}).handle(async ({ deps, query }) => {
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "lightning-payments",
    filters: {},
    limit: query.limit,
    cursor: query.cursor,
    fetch: (count, beforeId) =>
      deps.session.operations.list({ invoiceType: "land", attemptedOnly: true }, count, beforeId),
  });
  return {
    status: 200,
    body: {
      payments: rows.map((row) => ({
        payment_hash: row.paymentHash,
        value: Number(row.amountSats),
        fee: row.routingFeeMsat === undefined ? null : toSatsUp(row.routingFeeMsat),
        payment_preimage: null,
        payment_request: row.bolt11 ?? null,
        status: LandStatusName.parse(row.status),
        creation_time: row.createdAt.toISOString(),
        ...(row.paidAt !== undefined && { completion_time: row.paidAt.toISOString() }),
      })),
      count: page.total_count,
      next_cursor: page.next_cursor,
      ...(await readStaleness(deps)),
    },
  };
});
