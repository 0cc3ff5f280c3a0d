import { VtxoStatsReply } from "@arkrelay/core/http/inventory";
import type { AssetVtxoCounts } from "@arkrelay/core/ports/inventory-store";

import { readRoute } from "../../http/route";

export const vtxoStatsRoute = readRoute({
  path: "/vtxos/stats",
  summary: "How many VTXOs there are and what became of them",
  auth: ["public"],
  cache: "short",
  replies: { 200: VtxoStatsReply },
}).handle(async ({ deps }) => {
  const { overall, byAsset } = await deps.admin.vtxoStatistics();
  const { count, valueSats } = overall;
  return {
    status: 200,
    body: {
      vtxo_statistics: {
        overall: {
          total_vtxos: count,
          total_value_sats: Number(valueSats),
          average_vtxo_value: count === 0 ? 0 : Number(valueSats / BigInt(count)),
        },
        by_asset: byAsset.map(toAssetRow),
      },
    },
  };
});

function toAssetRow({ assetId, ticker, total, available, assigned, spent, settled }: AssetVtxoCounts) {
  const live = available + assigned;
  return {
    asset_id: assetId,
    ticker: ticker ?? null,
    total_vtxos: total,
    available_vtxos: available,
    assigned_vtxos: assigned,
    spent_vtxos: spent,
    settled_vtxos: settled,
    utilization_rate: live === 0 ? 0 : Math.round((10_000 * assigned) / live) / 100,
  };
}
