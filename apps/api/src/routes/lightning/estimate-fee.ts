import { FeeEstimateParams, FeeEstimateQuery, FeeEstimateReply } from "@arkrelay/core/http/lightning";
import { lightningFee } from "@arkrelay/core/lightning/fees";
import { findLandTerms } from "@arkrelay/core/lightning/land-terms";
import { findLiftTerms } from "@arkrelay/core/lightning/lift-terms";
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
  const carrierUnits = await findCarrierUnits(deps, direction, assetId);
  const fee = lightningFee(deps.session.lightningConfig, direction, BigInt(params.amount_sats), carrierUnits);
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

/** Of what would be refused itself there is no estimate either. */
async function findCarrierUnits(deps: ApiDeps, direction: "lift" | "land", assetId: string): Promise<bigint> {
  if (direction === "lift") return (await findLiftTerms(deps.session, undefined, assetId)).carrierUnits ?? 0n;
  await findLandTerms(deps.session, undefined, assetId);
  return 0n;
}
