import type { z } from "zod";

import type { ApiKeyReply } from "@arkrelay/core/http/admin";

import type { ApiKeyRow } from "../../admin-stores";

export function toApiKey(row: ApiKeyRow, now: Date): z.output<typeof ApiKeyReply>["api_key"] {
  const hasExpired = row.status === "active" && row.expiresAt !== undefined && row.expiresAt <= now;
  return {
    id: row.keyId,
    name: row.name,
    kind: row.kind,
    ...(row.prefix !== undefined && { prefix: row.prefix }),
    ...(row.pubkey !== undefined && { pubkey: row.pubkey }),
    scopes: [...row.scopes],
    status: hasExpired ? "expired" : row.status,
    rate_limit_per_minute: row.rateLimitPerMinute ?? null,
    assign_limits: { ...row.assignLimits },
    ...(row.lastUsedAt !== undefined && { last_used_at: row.lastUsedAt.toISOString() }),
    ...(row.expiresAt !== undefined && { expires_at: row.expiresAt.toISOString() }),
    created_at: row.createdAt.toISOString(),
  };
}
