import { toWrittenAsset } from "@arkrelay/core/asset/asset-view";
import { updateAsset } from "@arkrelay/core/asset/update-asset";
import { AssetParams, UpdateAssetBody, UpdateAssetReply } from "@arkrelay/core/http/assets";
import { requireStorableJson } from "@arkrelay/core/http/storable-json";

import { writeRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { fromUnitLimits } from "./asset-view";

export const updateAssetRoute = writeRoute({
  method: "PATCH",
  path: "/assets/:asset_id",
  summary: "Change an asset's name, limits or status; its cap and its backing never change",
  auth: ["admin"],
  params: AssetParams,
  body: UpdateAssetBody,
  integersOnly: true,
  replies: { 200: UpdateAssetReply },
}).handle(async ({ deps, tx, params, body }) => {
  if (body.metadata !== undefined) requireStorableJson(body.metadata, "metadata");
  const asset = await updateAsset(deps.admin, tx, toAssetId(params.asset_id), {
    name: body.name,
    metadata: body.metadata,
    units: fromUnitLimits(body),
    status: body.status,
  });
  return { status: 200, body: { asset: toWrittenAsset(asset) } };
});
