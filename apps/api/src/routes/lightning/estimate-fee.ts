import { AppError } from "@arkrelay/core/errors";
import { FeeEstimateParams, FeeEstimateQuery, FeeEstimateReply } from "@arkrelay/core/http/lightning";
import { lightningFee } from "@arkrelay/core/lightning/fees";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";

import type { ApiDeps } from "../../api-deps";
import { readRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";

export const estimateFeeRoute = readRoute({
  path: "/lightning/fees/estimate/:amount_sats",
  summary: "What a lift or land costs, by the function that charges it",
  auth: ["public"],
  cache: "short",
  params: FeeEstimateParams,
  query: FeeEstimateQuery,
  replies: { 200: FeeEstimateReply },
}).handle(async ({ deps, params, query }) => {
  const { direction, asset_id: sentAssetId = GBTC } = query;
  const assetId = toAssetId(sentAssetId);
  if (assetId !== GBTC) await refuseAsset(deps, assetId, direction);
  const fee = lightningFee(deps.session.lightningConfig, direction, BigInt(params.amount_sats));
  return {
    status: 200,
    body: {
      fee_estimate: {
        amount_sats: Number(fee.amountUnits),
        base_fee: Number(fee.baseFeeUnits),
        routing_fee: Number(fee.routingFeeUnits),
        carrier_units: Number(fee.carrierUnits),
        total_fee: Number(fee.totalFeeUnits),
        total_amount: Number(fee.totalUnits),
        fee_percentage: Math.round((Number(fee.totalFeeUnits) / params.amount_sats) * 1_000_000) / 10_000,
      },
    },
  };
});

/** Assets other than sats have no Lightning side here; the estimate is refused as the lift or land itself would be. */
async function refuseAsset(deps: ApiDeps, assetId: string, direction: "lift" | "land"): Promise<never> {
  const asset = await deps.admin.assets.describe(assetId);
  if (asset === undefined) throw new AppError("asset_unknown", { details: { asset_id: assetId } });
  if (direction === "land") throw new AppError("unsupported_type", { details: { asset_id: assetId } });
  throw new AppError("asset_inactive", { details: { asset_id: assetId } });
}
