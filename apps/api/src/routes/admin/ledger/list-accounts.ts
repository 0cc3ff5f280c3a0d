import { LedgerAccountsReply, LedgerQuery } from "@arkrelay/core/http/admin-ledger";

import { readRoute } from "../../../http/route";

export const listLedgerAccountsRoute = readRoute({
  path: "/admin/ledger/accounts",
  summary: "Every account of the gateway's ledger with its balance",
  auth: ["admin"],
  query: LedgerQuery,
  replies: { 200: LedgerAccountsReply },
}).handle(async ({ deps, query }) => {
  const accounts = await deps.admin.ledger.listBalances(query.asset_id);
  return {
    status: 200,
    body: {
      accounts: accounts.map((row) => ({
        account: row.account,
        asset_id: row.assetId,
        balance: Number(row.balance),
      })),
    },
  };
});
