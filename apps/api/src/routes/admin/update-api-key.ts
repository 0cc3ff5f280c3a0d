import { AppError } from "@arkrelay/core/errors";
import { ApiKeyParams, ApiKeyReply, UpdateApiKeyBody } from "@arkrelay/core/http/admin";

import { writeRoute } from "../../http/route";
import { toApiKey } from "./api-key-view";

export const updateApiKeyRoute = writeRoute({
  method: "PATCH",
  path: "/admin/api-keys/:id",
  summary: "Change a key's name, scopes, limits or expiry",
  auth: ["admin"],
  params: ApiKeyParams,
  body: UpdateApiKeyBody,
  integersOnly: true,
  replies: { 200: ApiKeyReply },
}).handle(async ({ deps, tx, params, body }) => {
  const row = await deps.admin.apiKeys.update(tx, params.id, {
    ...(body.name !== undefined && { name: body.name }),
    ...(body.scopes !== undefined && { scopes: body.scopes }),
    ...(body.rate_limit_per_minute !== undefined && { rateLimitPerMinute: body.rate_limit_per_minute }),
    ...(body.assign_limits !== undefined && { assignLimits: body.assign_limits }),
    ...(body.expires_at !== undefined && { expiresAt: body.expires_at }),
  });
  if (row === undefined) throw new AppError("not_found");
  return { status: 200, body: { api_key: toApiKey(row, deps.clock.now()) } };
});
