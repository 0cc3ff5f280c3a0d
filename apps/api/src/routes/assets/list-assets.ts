import { AssetListQuery, AssetListReply } from "@arkrelay/core/http/assets";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";
import { toAssetItem } from "./asset-view";

export const listAssetsRoute = readRoute({
  path: "/assets",
  summary: "The asset registry",
  auth: ["public"],
  cache: "short",
  query: AssetListQuery,
  replies: { 200: AssetListReply },
}).handle(async ({ deps, query }) => {
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "assets",
    filters: { activeOnly: query.active_only },
    limit: query.limit,
    cursor: query.cursor,
    fetch: (count, beforeId) => deps.admin.assets.list(query.active_only, count, beforeId),
  });
  return { status: 200, body: { assets: rows.map(toAssetItem), active_only: query.active_only, ...page } };
});
