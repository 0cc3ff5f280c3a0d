import { ApiKeyListQuery, ApiKeyListReply } from "@arkrelay/core/http/admin";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";
import { toApiKey } from "./api-key-view";

export const listApiKeysRoute = readRoute({
  path: "/admin/api-keys",
  summary: "Registered keys, newest first",
  auth: ["admin"],
  query: ApiKeyListQuery,
  replies: { 200: ApiKeyListReply },
}).handle(async ({ deps, query }) => {
  const { status, limit, cursor } = query;
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "api-keys",
    filters: { status },
    limit,
    cursor,
    fetch: (count, beforeId) => deps.admin.apiKeys.list(status, count, beforeId),
  });
  const now = deps.clock.now();
  return { status: 200, body: { api_keys: rows.map((row) => toApiKey(row, now)), ...page } };
});
