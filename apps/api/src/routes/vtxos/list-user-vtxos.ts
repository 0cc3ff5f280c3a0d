import { readNamesOf } from "@arkrelay/core/asset/asset-names";
import { UserPubkeyParams } from "@arkrelay/core/http/transactions";
import { UserVtxosQuery, UserVtxosReply } from "@arkrelay/core/http/vtxos";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { assertMayReadFunds } from "../read-rights";
import { shorten } from "../short-id";
import { assetFilter, carriedAsset } from "./carried-asset";

export const listUserVtxosRoute = readRoute({
  path: "/vtxos/user/:user_pubkey",
  summary: "A user's VTXOs of one status",
  auth: ["owner", "solver"],
  scope: "vtxos",
  params: UserPubkeyParams,
  query: UserVtxosQuery,
  replies: { 200: UserVtxosReply },
}).handle(async ({ deps, caller, params, query }) => {
  const { user_pubkey: ownerPubkey } = params;
  await assertMayReadFunds(deps, caller, ownerPubkey);
  const { status } = query;
  const assetId = query.asset_id === undefined ? undefined : toAssetId(query.asset_id);
  const filter = { ownerPubkey, status, ...(await assetFilter(deps, assetId)) };
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "user-vtxos",
    filters: { ownerPubkey, status, assetId },
    limit: query.limit,
    cursor: query.cursor,
    fetch: (count, beforeId) => deps.session.vtxos.list(filter, count, beforeId),
  });
  const names = await readNamesOf(deps.session.assets, undefined, rows);
  return {
    status: 200,
    body: {
      vtxos: rows.map((vtxo) => ({
        vtxo_id: vtxo.vtxoId,
        amount_sats: Number(vtxo.amountSats),
        ...carriedAsset(vtxo, names),
        status: vtxo.status,
        created_at: vtxo.createdAt.toISOString(),
        expires_at: vtxo.expiresAt?.toISOString() ?? null,
      })),
      user_pubkey: shorten(ownerPubkey),
      asset_filter: assetId ?? null,
      ...page,
    },
  };
});
