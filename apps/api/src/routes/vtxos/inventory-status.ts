import { AppError } from "@arkrelay/core/errors";
import { AssetParams } from "@arkrelay/core/http/assets";
import { InventoryReply } from "@arkrelay/core/http/inventory";
import { judgeInventory } from "@arkrelay/core/inventory/judge-inventory";
import { freshStock } from "@arkrelay/core/payout/choose-payout-coins";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import type { ApiDeps } from "../../api-deps";
import { readRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";

export const inventoryStatusRoute = readRoute({
  path: "/vtxos/inventory/:asset_id",
  summary: "The gateway's stock of an asset and whether it runs low; spent and expired VTXOs do not count",
  auth: ["solver"],
  scope: "vtxos",
  params: AssetParams,
  replies: { 200: InventoryReply },
}).handle(async ({ deps, params }) => {
  const { levels, satPerVbyte } = deps.settings.inventory;
  const assetId = toAssetId(params.asset_id);
  const counts = await countVtxos(deps, assetId);
  const { level, total, utilization, wanted } = judgeInventory(counts, levels, satPerVbyte);
  return {
    status: 200,
    body: {
      inventory_status: {
        asset_id: assetId,
        available_vtxos: counts.available,
        assigned_vtxos: counts.assigned,
        total_vtxos: total,
        utilization,
        needs_replenishment: wanted > 0,
        level,
        target: levels.target,
      },
    },
  };
});

async function countVtxos(deps: ApiDeps, assetId: string) {
  const freshness = freshStock(deps.session);
  if (assetId === GBTC) return deps.admin.inventory.count(undefined, freshness);
  const asset = await deps.admin.assets.find(undefined, assetId);
  if (asset === undefined) throw new AppError("not_found");
  // Nobody has any of what was never issued.
  if (asset.arkAssetId === undefined) return { available: 0, assigned: 0 };
  return deps.admin.inventory.count(asset.arkAssetId, freshness);
}
