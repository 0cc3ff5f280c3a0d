import type { z } from "zod";

import { toWrittenAsset } from "@arkrelay/core/asset/asset-view";
import { checkTaprootAsset } from "@arkrelay/core/asset/check-taproot-asset";
import { assertConsistent, registerAsset } from "@arkrelay/core/asset/register-asset";
import { CreateAssetBody, CreateAssetReply } from "@arkrelay/core/http/assets";
import { requireStorableJson } from "@arkrelay/core/http/storable-json";
import type { NewAsset } from "@arkrelay/core/ports/asset-registry";

import { writeRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { fromUnitLimits } from "./asset-view";

export const createAssetRoute = writeRoute({
  method: "POST",
  path: "/assets",
  summary: "Register an asset; its units appear with the first mint",
  auth: ["admin"],
  body: CreateAssetBody,
  integersOnly: true,
  replies: { 201: CreateAssetReply },
})
  .prepare(async ({ deps, body }) => {
    requireStorableJson(body.metadata, "metadata");
    const asset = toNewAsset(body);
    assertConsistent(asset);
    // While tapd is away the operator's word has to do; the first mint asks it in any case.
    const known = asset.backing === "taproot" ? await deps.daemons.findTaprootAssets() : undefined;
    if (known !== undefined) checkTaprootAsset(asset, known);
    return asset;
  })
  .handle(async ({ deps, tx, prepared }) => {
    const asset = await registerAsset(deps.admin, tx, prepared);
    return {
      status: 201,
      body: { message: "Asset registered", asset: toWrittenAsset(asset) },
      headers: { location: `/assets/${asset.assetId}` },
    };
  });

function toNewAsset(body: z.output<typeof CreateAssetBody>): NewAsset {
  return {
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
  };
}
