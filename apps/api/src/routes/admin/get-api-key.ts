import { AppError } from "@arkrelay/core/errors";
import { ApiKeyParams, ApiKeyReply } from "@arkrelay/core/http/admin";

import { readRoute } from "../../http/route";
import { toApiKey } from "./api-key-view";

export const getApiKeyRoute = readRoute({
  path: "/admin/api-keys/:id",
  summary: "A registered key",
  auth: ["admin"],
  params: ApiKeyParams,
  replies: { 200: ApiKeyReply },
}).handle(async ({ deps, params }) => {
  const row = await deps.admin.apiKeys.find(params.id);
  if (row === undefined) throw new AppError("not_found");
  return { status: 200, body: { api_key: toApiKey(row, deps.clock.now()) } };
});
