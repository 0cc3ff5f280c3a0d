import { z } from "zod";

import { amountOrZero, asciiText, count, cursor, limit, opaqueId, page, pubkey, pubkeyOut, timestamp } from "./fields";

/** What a key may be used for. A new key has all but `vtxos:assign`, which gives away the gateway's own money. */
export const KEY_SCOPES = [
  "sessions",
  "transactions",
  "assets",
  "vtxos",
  "vtxos:assign",
  "lightning",
  "jobs",
  "messages",
  "buckets",
  "webhooks",
  "nostr",
] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];
export const DEFAULT_KEY_SCOPES: readonly KeyScope[] = KEY_SCOPES.filter((scope) => scope !== "vtxos:assign");

const KeyScopes = z.array(z.enum(KEY_SCOPES)).max(KEY_SCOPES.length);
const keyName = z.string().min(1).max(100);
const ratePerMinute = z.int().min(1).max(600_000);
const assignLimits = z.record(z.string().max(64), amountOrZero);
/** The last instant a DATETIME column can hold; an offset may push a valid text behind it. */
const LAST_INSTANT = Date.UTC(9999, 11, 31, 23, 59, 59);
const futureInstant = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .refine((at) => at.getTime() <= LAST_INSTANT, "is too far away");

const ApiKey = z.object({
  id: opaqueId,
  name: z.string(),
  kind: z.enum(["secret", "nostr"]),
  prefix: z.string().optional(),
  pubkey: pubkeyOut.optional(),
  scopes: KeyScopes,
  status: z.enum(["active", "revoked", "expired"]),
  rate_limit_per_minute: z.int().nullable(),
  assign_limits: z.record(z.string(), z.int()),
  last_used_at: timestamp.optional(),
  expires_at: timestamp.optional(),
  created_at: timestamp,
});

export const ApiKeyParams = z.object({ id: opaqueId });
export const ApiKeyListQuery = z.object({
  status: z.enum(["active", "revoked", "expired"]).optional(),
  limit: limit(),
  cursor,
});
export const ApiKeyListReply = z.object({ api_keys: z.array(ApiKey), ...page }).meta({ id: "ApiKeyList" });
export const ApiKeyReply = z.object({ api_key: ApiKey }).meta({ id: "ApiKey" });
export const NewApiKeyReply = z
  .object({ api_key: ApiKey, key: z.string().optional().meta({ description: "Shown once; only its hash is stored." }) })
  .meta({ id: "NewApiKey" });
export const RotatedApiKeyReply = z.object({ key: z.string() }).meta({ id: "RotatedApiKey" });

export const CreateApiKeyBody = z
  .object({
    name: keyName,
    kind: z.enum(["secret", "nostr"]).default("secret"),
    pubkey: pubkey.optional(),
    scopes: KeyScopes.optional(),
    expires_at: futureInstant.optional(),
    rate_limit_per_minute: ratePerMinute.optional(),
    assign_limits: assignLimits.optional().meta({ description: "Units per day and asset; an absent asset means 0." }),
  })
  .refine((body) => (body.kind === "nostr") === (body.pubkey !== undefined), {
    path: ["pubkey"],
    message: "is needed for kind nostr and forbidden for kind secret",
  })
  .meta({ id: "CreateApiKey" });

export const UpdateApiKeyBody = z
  .object({
    name: keyName.optional(),
    scopes: KeyScopes.optional(),
    rate_limit_per_minute: ratePerMinute.nullable().optional(),
    assign_limits: assignLimits.optional(),
    expires_at: futureInstant.nullable().optional(),
  })
  .meta({ id: "UpdateApiKey" });

export const RotateApiKeyBody = z
  .object({ grace_hours: z.int().min(0).max(720).default(24) })
  .meta({ id: "RotateApiKey", description: "The previous secret stays valid for grace_hours." });

export const ServicesStatusReply = z
  .object({
    queue_status: z.object({
      queued_jobs: count,
      scheduled_jobs: count,
      failed_jobs: count,
      worker_count: count,
    }),
    services: z.array(
      z.object({
        service_name: z.string(),
        last_heartbeat: timestamp.nullable(),
        alive: z.boolean(),
        message: z.string(),
        desired_state: z.string().nullable(),
        leader: z.boolean(),
      }),
    ),
  })
  .meta({ id: "ServicesStatus" });

export const ConfigurationReply = z
  .object({
    configuration: z.object({
      app: z.object({
        env: z.string(),
        flask_env: z.string(),
        app_port: z.int(),
        app_host: z.string(),
        service_type: z.string(),
      }),
      logging: z.object({ log_level: z.string() }),
      network: z.object({ bitcoin_network: z.string() }),
      monitoring: z.object({ enable_metrics: z.boolean(), metrics_port: z.int() }),
      session: z.object({ session_timeout_minutes: z.number(), max_concurrent_sessions: z.int() }),
      vtxo: z.object({ vtxo_expiration_hours: z.number(), vtxo_min_amount_sats: z.int() }),
      fees: z.object({
        l2_fee_sats: z.int(),
        land_fee_bps: z.int(),
        fee_sats_per_vbyte: z.number(),
        fee_percentage: z.number(),
      }),
      grpc: z.object({ grpc_max_message_length: z.int(), grpc_timeout_seconds: z.number() }),
    }),
  })
  .meta({ id: "Configuration" });

export const CleanupBody = z
  .object({ days: z.int().min(1).max(3650).default(30), dry_run: z.boolean().default(false) })
  .meta({ id: "Cleanup" });
export const CleanupReply = z
  .object({
    message: z.string(),
    cleanup_stats: z.object({
      old_metrics: count,
      old_heartbeats: count,
      old_jobs: count,
      total: count,
      cutoff_date: timestamp,
    }),
    dry_run: z.boolean(),
  })
  .meta({ id: "CleanedUp" });

export const AuditQuery = z.object({
  actor: asciiText(128).optional(),
  action: asciiText(128).optional(),
  limit: limit(),
  cursor,
});
export const AuditReply = z
  .object({
    entries: z.array(
      z.object({
        id: z.int(),
        actor: z.string(),
        action: z.string(),
        target: z.string().nullable(),
        request_id: z.string().nullable(),
        ip: z.string().nullable(),
        outcome: z.string(),
        at: timestamp,
      }),
    ),
    ...page,
  })
  .meta({ id: "AuditLog" });
