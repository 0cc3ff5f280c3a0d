import { AssetStatsReply } from "@arkrelay/core/http/assets";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import type { AssetBalanceSum } from "@arkrelay/db/stores/read-asset-statistics";

import { readRoute } from "../../http/route";

const TOP_ASSETS = 10;

export const assetStatsRoute = readRoute({
  path: "/assets/stats",
  summary: "Sums over all users and assets",
  auth: ["public"],
  cache: "short",
  replies: { 200: AssetStatsReply },
}).handle(async ({ deps }) => {
  const { assets, balances, vtxos } = await deps.admin.assetStatistics();
  const gbtc = balances.find((each) => each.assetId === GBTC);
  return {
    status: 200,
    body: {
      stats: {
        assets: { ...assets, inactive: assets.total - assets.active },
        balances: {
          total_balances: balances.reduce((sum, each) => sum + each.holders, 0),
          by_asset: balances.map((each) => ({ asset_id: each.assetId, ...toSums(each) })),
          ...toSums(gbtc ?? { total: 0n, reserved: 0n, available: 0n }),
        },
        vtxos: { total: Object.values(vtxos).reduce((sum, each) => sum + each, 0), ...vtxos },
        top_assets: balances.slice(0, TOP_ASSETS).map(({ assetId, holders, total }) => ({
          asset_id: assetId,
          holders,
          total: Number(total),
        })),
      },
    },
  };
});

function toSums({ total, reserved, available }: Pick<AssetBalanceSum, "total" | "reserved" | "available">) {
  return {
    total_balance_sum: Number(total),
    total_reserved_sum: Number(reserved),
    total_available_sum: Number(available),
  };
}
