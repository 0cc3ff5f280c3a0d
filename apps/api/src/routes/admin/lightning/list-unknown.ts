import { AppError } from "@arkrelay/core/errors";
import { UnknownListQuery, UnknownListReply, UnknownReply } from "@arkrelay/core/http/admin-lightning";
import { PaymentHashParams } from "@arkrelay/core/http/lightning";

import { readPage } from "../../../http/page";
import { readRoute } from "../../../http/route";
import { describeUnknown } from "./unknown-view";

export const listUnknownRoute = readRoute({
  path: "/admin/lightning/unknown",
  summary: "Payments without a known outcome, with all evidence",
  auth: ["admin"],
  query: UnknownListQuery,
  replies: { 200: UnknownListReply },
}).handle(async ({ deps, query }) => {
  const now = deps.clock.now();
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "lightning-unknown",
    filters: {},
    limit: query.limit,
    cursor: query.cursor,
    fetch: (count, beforeId) => deps.session.operations.list({ unknownBefore: now }, count, beforeId),
  });
  const unknown = await Promise.all(rows.map((row) => describeUnknown(deps, row, row.unknownSince ?? now)));
  return { status: 200, body: { unknown, ...page } };
});

export const getUnknownRoute = readRoute({
  path: "/admin/lightning/unknown/:payment_hash",
  summary: "One payment without a known outcome, with all evidence",
  auth: ["admin"],
  params: PaymentHashParams,
  replies: { 200: UnknownReply },
}).handle(async ({ deps, params }) => {
  const operation = await deps.session.operations.findByHash(undefined, params.payment_hash);
  if (operation?.unknownSince === undefined) throw new AppError("not_found");
  return { status: 200, body: { unknown: await describeUnknown(deps, operation, operation.unknownSince) } };
});
