import { AppError } from "@arkrelay/core/errors";
import { ApiKeyParams, RotateApiKeyBody, RotatedApiKeyReply } from "@arkrelay/core/http/admin";

import { writeRoute } from "../../http/route";
import { newSecret } from "./new-secret";

const HOUR_MS = 3_600_000;

export const rotateApiKeyRoute = writeRoute({
  method: "POST",
  path: "/admin/api-keys/:id/rotate",
  summary: "Give a key a new secret; the old one works for grace_hours more",
  auth: ["admin"],
  params: ApiKeyParams,
  body: RotateApiKeyBody,
  replies: { 200: RotatedApiKeyReply },
}).handle(async ({ deps, tx, params, body }) => {
  const secret = newSecret(deps.random, params.id);
  const rotated = await deps.admin.apiKeys.rotate(tx, params.id, {
    secretSha256: secret.sha256,
    prefix: secret.prefix,
    previousUntil: new Date(deps.clock.now().getTime() + body.grace_hours * HOUR_MS),
  });
  if (!rotated) throw new AppError("not_found");
  return { status: 200, body: { key: secret.key } };
});
