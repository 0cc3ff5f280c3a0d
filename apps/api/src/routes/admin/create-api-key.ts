import { CreateApiKeyBody, DEFAULT_KEY_SCOPES, NewApiKeyReply } from "@arkrelay/core/http/admin";
import { invalidField } from "@arkrelay/core/http/request-error";

import { writeRoute } from "../../http/route";
import { toApiKey } from "./api-key-view";
import { newKeyId, newSecret } from "./new-secret";

export const createApiKeyRoute = writeRoute({
  method: "POST",
  path: "/admin/api-keys",
  summary: "Register a solver: a secret key, or its Nostr key",
  auth: ["admin"],
  body: CreateApiKeyBody,
  integersOnly: true,
  replies: { 201: NewApiKeyReply },
}).handle(async ({ deps, tx, body }) => {
  const now = deps.clock.now();
  if (body.expires_at !== undefined && body.expires_at <= now) throw invalidField("expires_at", "is in the past");
  const keyId = newKeyId(deps.random);
  const secret = body.kind === "secret" ? newSecret(deps.random, keyId) : undefined;
  const row = await deps.admin.apiKeys.insert(tx, {
    keyId,
    name: body.name,
    kind: body.kind,
    prefix: secret?.prefix,
    secretSha256: secret?.sha256,
    pubkey: body.pubkey,
    scopes: body.scopes ?? DEFAULT_KEY_SCOPES,
    rateLimitPerMinute: body.rate_limit_per_minute,
    assignLimits: body.assign_limits ?? {},
    expiresAt: body.expires_at,
  });
  return {
    status: 201,
    body: { api_key: toApiKey(row, now), ...(secret !== undefined && { key: secret.key }) },
    headers: { location: `/admin/api-keys/${keyId}` },
  };
});
