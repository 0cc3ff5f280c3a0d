import { z } from "zod";

import { asciiText, count, cursor, limit, page, timestamp } from "./fields";

const connection = z.enum(["connected", "disconnected"]);
const daemonFlags = z.object({ arkd: z.boolean(), tapd: z.boolean(), lnd: z.boolean() });

export const BannerReply = z
  .object({
    message: z.string(),
    status: z.literal("running"),
    services: z.array(z.string()).meta({ description: "Names with a live heartbeat." }),
    database: connection,
    queue: connection,
    version: z.string(),
  })
  .meta({ id: "Banner" });

export const HealthReply = z
  .object({
    status: z.enum(["healthy", "degraded", "unhealthy"]),
    api: z.literal("ok"),
    database: connection,
    database_connected: z.boolean(),
    redis_connected: z.boolean(),
    grpc_services: daemonFlags,
    nostr_service: z.object({
      connected: z.boolean(),
      connected_relays: count,
      events_received: count,
      events_published: count,
    }),
    version: z.string(),
  })
  .meta({ id: "Health" });

export const ReadyReply = z
  .object({
    ready: z.boolean(),
    redis_connected: z.boolean(),
    database_connected: z.boolean(),
    grpc_available: z
      .boolean()
      .meta({ description: "Information only: a daemon outage never makes a process unready." }),
    error: z.string().optional(),
  })
  .meta({ id: "Ready" });

export const LiveReply = z.object({ alive: z.literal(true), uptime_seconds: z.number() }).meta({ id: "Live" });

const healthyOnly = z.object({ healthy: z.boolean() });

export const TrimmedChecks = z.object({
  overall_healthy: z.boolean(),
  checks: z.object({ database: healthyOnly, redis: healthyOnly, grpc_services: healthyOnly, nostr: healthyOnly }),
});

const DaemonCheck = z.object({
  healthy: z.boolean(),
  breaker: z.enum(["closed", "half_open", "open", "unknown"]),
  latency_ms: z.number().nullable(),
  version: z.string().optional(),
  last_error_code: z.string().optional(),
});

export const FullChecks = z.object({
  overall_healthy: z.boolean(),
  checks: z.object({
    database: z.object({
      healthy: z.boolean(),
      query_time_ms: z.number().nullable(),
      tables: z.array(z.object({ name: z.string(), count })),
      error: z.string().optional(),
    }),
    redis: z.object({
      healthy: z.boolean(),
      ping_time_ms: z.number().nullable(),
      used_memory_mb: z.number().nullable(),
      connected_clients: count.nullable(),
      total_commands_processed: count.nullable(),
    }),
    grpc_services: z.object({ healthy: z.boolean(), services: z.record(z.string(), DaemonCheck) }),
    nostr: z.object({
      healthy: z.boolean(),
      connected_relays: count,
      events_received: count,
      events_published: count,
    }),
  }),
});

export const ComprehensiveHealthReply = z.union([FullChecks, TrimmedChecks]).meta({
  id: "ComprehensiveHealth",
  description: "Everything with the admin key, else only each `healthy`.",
});

const QueueState = z.object({
  name: z.string(),
  waiting: count,
  active: count,
  delayed: count,
  failed: count,
  oldest_seconds: z.number(),
});

export const QueueStatus = z.object({
  queued_jobs: count,
  scheduled_jobs: count,
  worker_count: count,
  queues: z.array(QueueState),
});

export const QueueStatusReply = QueueStatus.meta({ id: "QueueStatus" });

const metricFields = {
  cpu_percent: z.number(),
  memory_percent: z.number(),
  memory_available_mb: z.number(),
  disk_percent: z.number(),
  disk_free_gb: z.number(),
  timestamp,
};

export const SystemMetricsQuery = z.object({ limit: limit(24), cursor });
export const SystemMetricsReply = z
  .object({ metrics: z.array(z.object({ id: z.int(), ...metricFields })), ...page })
  .meta({ id: "SystemMetrics" });

export const HeartbeatsQuery = z.object({ service: asciiText(64).optional(), limit: limit(10), cursor });
export const HeartbeatsReply = z
  .object({
    heartbeats: z.array(
      z.object({ id: z.int(), service_name: z.string(), is_alive: z.boolean(), message: z.string(), timestamp }),
    ),
    ...page,
  })
  .meta({ id: "Heartbeats" });

export const StatsReply = z
  .object({
    jobs: z.object({
      total: count,
      completed: count,
      failed: count,
      running: count,
      success_rate: z.number().nullable().meta({ description: "Percent of completed + failed; null when none ended." }),
      average_duration_seconds: z.number().nullable(),
    }),
    latest_metrics: z.object(metricFields).nullable(),
    queue_status: QueueStatus,
    grpc_services: daemonFlags,
  })
  .meta({ id: "Stats" });
