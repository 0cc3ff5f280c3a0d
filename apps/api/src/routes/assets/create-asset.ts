import { registerAsset } from "@arkrelay/core/asset/register-asset";
import { CreateAssetBody, CreateAssetReply } from "@arkrelay/core/http/assets";
import { requireStorableJson } from "@arkrelay/core/http/storable-json";

import { writeRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { fromUnitLimits, toWrittenAsset } from "./asset-view";

export const createAssetRoute = writeRoute({
  method: "POST",
  path: "/assets",
  summary: "Register an asset; its units appear with the first mint",
  auth: ["admin"],
  body: CreateAssetBody,
  integersOnly: true,
  replies: { 201: CreateAssetReply },
}).handle(async ({ deps, tx, body }) => {
  requireStorableJson(body.metadata, "metadata");
  const asset = await registerAsset(deps.admin, tx, {
    assetId: toAssetId(body.asset_id),
    name: body.name,
    ticker: body.ticker,
    assetType: body.asset_type,
    decimalPlaces: body.decimal_places,
    totalSupply: BigInt(body.total_supply),
    backing: body.backing,
    taprootAssetId: body.taproot_asset_id,
    taprootGroupKey: body.taproot_group_key,
    units: fromUnitLimits(body),
    metadata: body.metadata,
  });
  return {
    status: 201,
    body: { message: "Asset registered", asset: toWrittenAsset(asset) },
    headers: { location: `/assets/${asset.assetId}` },
  };
});
