import { z } from "zod";

import { count } from "./fields";

const CacheStats = z.object({
  hits: count,
  misses: count,
  hit_rate: z.number().nullable().meta({ description: "Percent; null before the first look-up." }),
  redis_hits: count,
  local_hits: count,
  sets: count,
  deletes: count,
  evictions: count,
  local_cache_size: count,
  redis_memory_usage: count.meta({ description: "Bytes." }),
  redis_keyspace_hits: count,
  redis_keyspace_misses: count,
});

export const CacheStatsReply = z.object({ cache_stats: CacheStats }).meta({ id: "CacheStats" });

const DbPoolStatus = z.object({
  pool_size: count,
  checked_in: count,
  checked_out: count,
  overflow: count,
  invalidated: count,
  total_connections: count,
  active_connections: count,
  idle_connections: count,
  checkouts: count,
  invalidations: count,
});

const MemoryInfo = z.object({
  rss_mb: z.number(),
  vms_mb: z.number().nullable().meta({ description: "null where the system does not tell (only Linux does)." }),
  percent: z.number(),
  threads: count.nullable(),
  open_files: count.nullable(),
  gc_stats: z.object({ collections: count, seconds: z.number() }),
});

export const MonitoringStatsReply = z
  .object({
    monitoring_stats: z.object({
      cache_stats: CacheStats,
      db_pool_status: DbPoolStatus,
      memory_info: MemoryInfo,
      optimization_stats: z.object({
        event_loop_lag_p50_ms: z.number(),
        event_loop_lag_p99_ms: z.number(),
        event_loop_lag_max_ms: z.number(),
      }),
    }),
  })
  .meta({ id: "MonitoringStats", description: "Of the process that answers." });
