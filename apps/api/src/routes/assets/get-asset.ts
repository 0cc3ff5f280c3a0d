import { AppError } from "@arkrelay/core/errors";
import { AssetParams, AssetReply } from "@arkrelay/core/http/assets";

import { readRoute } from "../../http/route";
import { toAssetId } from "../asset-alias";
import { toAssetReply } from "./asset-view";

export const getAssetRoute = readRoute({
  path: "/assets/:asset_id",
  summary: "An asset of the registry",
  auth: ["public"],
  cache: "short",
  params: AssetParams,
  replies: { 200: AssetReply },
}).handle(async ({ deps, params }) => {
  const row = await deps.admin.assets.describe(toAssetId(params.asset_id));
  if (row === undefined) throw new AppError("not_found");
  return { status: 200, body: toAssetReply(row) };
});
