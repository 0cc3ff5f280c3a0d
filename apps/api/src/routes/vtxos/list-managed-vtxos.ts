import { readNamesOf, type AssetNames } from "@arkrelay/core/asset/asset-names";
import { UserPubkeyParams } from "@arkrelay/core/http/transactions";
import { ManagedVtxosQuery, ManagedVtxosReply } from "@arkrelay/core/http/vtxos";
import type { Vtxo } from "@arkrelay/core/vtxo/vtxo";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { assertMayReadFunds } from "../read-rights";
import { assetFilter, carriedAsset } from "./carried-asset";

export const listManagedVtxosRoute = readRoute({
  path: "/vtxos/:user_pubkey",
  summary: "A user's live VTXOs with their locks",
  auth: ["owner", "solver"],
  scope: "vtxos",
  params: UserPubkeyParams,
  query: ManagedVtxosQuery,
  replies: { 200: ManagedVtxosReply },
}).handle(async ({ deps, caller, params, query }) => {
  const { user_pubkey: ownerPubkey } = params;
  await assertMayReadFunds(deps, caller, ownerPubkey);
  const assetId = query.asset_id === undefined ? undefined : toAssetId(query.asset_id);
  const filter = { ownerPubkey, liveOnly: true, ...(await assetFilter(deps, assetId)) };
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "managed-vtxos",
    filters: { ownerPubkey, assetId },
    limit: query.limit,
    cursor: query.cursor,
    fetch: (count, beforeId) => deps.session.vtxos.list(filter, count, beforeId),
  });
  const names = await readNamesOf(deps.session.assets, undefined, rows);
  const counts = await deps.session.vtxos.countByStatus(ownerPubkey);
  return {
    status: 200,
    body: {
      vtxo_management: {
        user_pubkey: ownerPubkey,
        vtxos: rows.map((vtxo) => toManagedVtxo(vtxo, names)),
        total_available: counts.available,
        total_assigned: counts.assigned,
      },
      user_pubkey: ownerPubkey,
      ...page,
    },
  };
});

function toManagedVtxo(vtxo: Vtxo, names: AssetNames) {
  return {
    vtxo_id: vtxo.vtxoId,
    txid: vtxo.txid,
    vout: vtxo.vout,
    amount_sats: Number(vtxo.amountSats),
    ...carriedAsset(vtxo, names),
    status: vtxo.status,
    locked: vtxo.lockedBy !== undefined,
    expires_at: vtxo.expiresAt?.toISOString() ?? null,
  };
}
