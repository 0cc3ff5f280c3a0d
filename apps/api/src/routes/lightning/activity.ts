import { actsAsOwner } from "@arkrelay/core/caller";
import { AppError } from "@arkrelay/core/errors";
import { ActivityParams, ActivityQuery, ActivityReply } from "@arkrelay/core/http/lightning";
import { invoiceSatsOf } from "@arkrelay/core/lightning/invoice-status";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";
import { readStaleness } from "./lnd-staleness";

export const lightningActivityRoute = readRoute({
  path: "/lightning/activity/:user_pubkey",
  summary: "A key's lifts and lands, newest first",
  auth: ["owner"],
  params: ActivityParams,
  query: ActivityQuery,
  replies: { 200: ActivityReply },
}).handle(async ({ deps, caller, params, query }) => {
  const { user_pubkey: userPubkey } = params;
  if (!caller.isAdmin && !actsAsOwner(caller, userPubkey)) throw new AppError("not_found");
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "lightning-activity",
    filters: { userPubkey },
    limit: query.limit,
    cursor: query.cursor,
    fetch: (count, beforeId) => deps.session.operations.list({ userPubkey }, count, beforeId),
  });
  return {
    status: 200,
    body: {
      user_activity: rows.map((row) => ({
        payment_hash: row.paymentHash,
        amount_sats: invoiceSatsOf(row),
        asset_id: row.assetId,
        invoice_type: row.invoiceType,
        status: row.status,
        created_at: row.createdAt.toISOString(),
        paid_at: row.paidAt?.toISOString() ?? null,
        bolt11_invoice: row.bolt11 ?? null,
      })),
      user_pubkey: userPubkey,
      count: page.total_count,
      next_cursor: page.next_cursor,
      ...(await readStaleness(deps)),
    },
  };
});
