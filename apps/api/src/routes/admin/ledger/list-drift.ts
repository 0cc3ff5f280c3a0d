import { LedgerDriftReply, LedgerQuery } from "@arkrelay/core/http/admin-ledger";

import { readRoute } from "../../../http/route";

export const listLedgerDriftRoute = readRoute({
  path: "/admin/ledger/drift",
  summary: "The newest comparison of every account with its daemon",
  auth: ["admin"],
  query: LedgerQuery,
  replies: { 200: LedgerDriftReply },
}).handle(async ({ deps, query }) => {
  const rows = await deps.admin.ledger.listComparisons(query.asset_id);
  return {
    status: 200,
    body: {
      drift: rows.flatMap(({ source, ...row }) =>
        source === "ledger"
          ? []
          : [
              {
                source,
                account: row.account,
                asset_id: row.assetId,
                external: Number(row.external),
                ledger: Number(row.ledger),
                delta: Number(row.delta),
                drift: Number(row.drift),
                explained: row.explained.map((part) => ({ ...part, amount: Number(part.amount) })),
                checked_at: row.at.toISOString(),
              },
            ],
      ),
    },
  };
});
