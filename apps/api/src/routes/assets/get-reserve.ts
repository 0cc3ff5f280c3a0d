import { twinReserve, type TwinReserve } from "@arkrelay/core/asset/twin-reserve";
import { AppError } from "@arkrelay/core/errors";
import { AssetParams, AssetReserveReply } from "@arkrelay/core/http/assets";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import type { Asset } from "@arkrelay/db/stores/asset-store";

import type { ApiDeps } from "../../api-deps";
import { readRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";

/** Every unit must be covered. */
const RESERVE_RATIO = 1;

export const getReserveRoute = readRoute({
  path: "/assets/:asset_id/reserve",
  summary: "What stands behind the units in circulation",
  auth: ["public"],
  cache: "short",
  params: AssetParams,
  replies: { 200: AssetReserveReply },
}).handle(async ({ deps, params }) => {
  const asset = await deps.admin.assets.describe(toAssetId(params.asset_id));
  if (asset === undefined) throw new AppError("not_found");
  const { requiredUnits, currentUnits, readAt } = await readReserve(deps, asset);
  const deficit = requiredUnits > currentUnits ? requiredUnits - currentUnits : 0n;
  return {
    status: 200,
    body: {
      reserve_requirements: {
        asset_id: asset.assetId,
        total_circulation: Number(asset.circulating),
        current_reserve: Number(currentUnits),
        required_reserve: Number(requiredUnits),
        reserve_ratio: RESERVE_RATIO,
        reserve_deficit: Number(deficit),
        reserve_health: deficit === 0n ? "good" : "deficient",
        backing: asset.backing,
        as_of: (readAt ?? deps.clock.now()).toISOString(),
      },
    },
  };
});

/** The daemons' part as the worker read it last; an asset that was never issued has nothing there to read. */
async function readReserve(deps: ApiDeps, asset: Asset): Promise<TwinReserve & { readonly readAt: Date | undefined }> {
  const { circulating, assetId, backing } = asset;
  // A sat on a VTXO is the sat itself.
  if (assetId === GBTC) return { requiredUnits: circulating, currentUnits: circulating, readAt: undefined };
  const { arkd, tapd } = await deps.admin.supplies.find(assetId);
  if (backing === "ark") return { requiredUnits: circulating, currentUnits: arkd?.units ?? 0n, readAt: arkd?.readAt };
  const exposure = await deps.admin.supplies.readExposure(undefined, assetId);
  return { ...twinReserve(exposure, tapd?.units ?? 0n), readAt: tapd?.readAt };
}
