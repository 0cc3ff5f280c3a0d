import { AppError } from "@arkrelay/core/errors";
import { ApiKeyParams } from "@arkrelay/core/http/admin";
import { NoQuery } from "@arkrelay/core/http/fields";

import { NoBody, writeRoute } from "../../http/route";

export const revokeApiKeyRoute = writeRoute({
  method: "DELETE",
  path: "/admin/api-keys/:id",
  summary: "Revoke a key; works on every replica within 5 s",
  auth: ["admin"],
  params: ApiKeyParams,
  query: NoQuery,
  replies: { 204: NoBody },
}).handle(async ({ deps, tx, params }) => {
  if (!(await deps.admin.apiKeys.revoke(tx, params.id))) throw new AppError("not_found");
  return { status: 204, body: undefined };
});
