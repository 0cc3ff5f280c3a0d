import { actsAsOwner, type Caller } from "@arkrelay/core/caller";
import { UserPubkeyParams, UserTransactionsQuery, UserTransactionsReply } from "@arkrelay/core/http/transactions";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { shorten } from "../short-id";

export const listUserTransactionsRoute = readRoute({
  path: "/transactions/user/:user_pubkey",
  summary: "What a key has sent and received, newest first",
  auth: ["owner", "solver"],
  scope: "transactions",
  params: UserPubkeyParams,
  query: UserTransactionsQuery,
  replies: { 200: UserTransactionsReply },
}).handle(async ({ deps, caller, params, query }) => {
  const { user_pubkey: pubkey } = params;
  const { direction, limit, cursor } = query;
  const assetId = query.asset_id === undefined ? undefined : toAssetId(query.asset_id);
  const filter = {
    ...(direction !== undefined && { direction }),
    ...(assetId !== undefined && { assetId }),
    ...onlyCreatedBy(caller, pubkey),
  };
  const isStranger = !caller.isSolver && !caller.isAdmin && !actsAsOwner(caller, pubkey);
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "user-transactions",
    filters: { pubkey, direction, assetId, principal: caller.principal },
    limit,
    cursor,
    // Somebody else's key has no transactions as far as a stranger can tell.
    fetch: async (count, beforeId) => (isStranger ? [] : deps.session.txs.listOfUser(pubkey, filter, count, beforeId)),
  });
  return {
    status: 200,
    body: {
      transactions: rows.map((row) => ({
        txid: row.txid,
        status: row.status,
        tx_type: row.txType,
        direction: row.direction,
        amount_sats: Number(row.amountSats),
        asset_id: row.assetId,
        asset_amount: Number(row.assetAmount),
        fee_sats: Number(row.feeSats),
        created_at: row.createdAt.toISOString(),
        confirmed_at: row.confirmedAt?.toISOString() ?? null,
        block_height: row.blockHeight ?? null,
      })),
      user_pubkey: shorten(pubkey),
      ...page,
    },
  };
});

/** A solver sees of a user's transactions those it made itself. */
function onlyCreatedBy(caller: Caller, pubkey: string): { readonly createdBy?: string } {
  return caller.isAdmin || actsAsOwner(caller, pubkey) ? {} : { createdBy: caller.principal };
}
