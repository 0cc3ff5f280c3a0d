import type { z } from "zod";

import { CacheStatsReply, MonitoringStatsReply } from "@arkrelay/core/http/monitoring";

import type { ApiDeps } from "../../api-deps";
import { readRoute } from "../../http/route";
import { requireMonitoring } from "./require-monitoring";

export const monitoringStatsRoute = readRoute({
  path: "/monitoring/stats",
  summary: "Caches, database connections, memory and event loop of the process that answers",
  auth: ["admin"],
  replies: { 200: MonitoringStatsReply },
}).handle(async ({ deps }) => {
  await requireMonitoring(deps);
  const [cache, own] = await Promise.all([readCacheStats(deps), deps.status.readProcess()]);
  const { p50, p99, max } = own.eventLoopLagMs;
  return {
    status: 200,
    body: {
      monitoring_stats: {
        cache_stats: cache,
        db_pool_status: poolStatus(deps),
        memory_info: {
          rss_mb: own.rssMb,
          vms_mb: own.vmsMb ?? null,
          percent: own.memoryPercent,
          threads: own.threads ?? null,
          open_files: own.openFiles ?? null,
          gc_stats: { ...own.gc },
        },
        optimization_stats: { event_loop_lag_p50_ms: p50, event_loop_lag_p99_ms: p99, event_loop_lag_max_ms: max },
      },
    },
  };
});

export const cacheStatsRoute = readRoute({
  path: "/monitoring/cache/stats",
  summary: "What the process that answers keeps in memory, and Redis' own counts",
  auth: ["admin"],
  replies: { 200: CacheStatsReply },
}).handle(async ({ deps }) => {
  await requireMonitoring(deps);
  return { status: 200, body: { cache_stats: await readCacheStats(deps) } };
});

/** Keys of callers are all that this release caches; every answer else is read where it is true. */
async function readCacheStats(deps: ApiDeps): Promise<z.output<typeof CacheStatsReply>["cache_stats"]> {
  const { hits, misses, size, evictions } = deps.auth.keys.stats();
  const redis = await deps.status.readRedisInfo().catch(() => undefined);
  return {
    hits,
    misses,
    hit_rate: hits + misses === 0 ? null : (hits / (hits + misses)) * 100,
    redis_hits: 0,
    local_hits: hits,
    sets: misses,
    deletes: 0,
    evictions,
    local_cache_size: size,
    redis_memory_usage: redis?.usedMemoryBytes ?? 0,
    redis_keyspace_hits: redis?.keyspaceHits ?? 0,
    redis_keyspace_misses: redis?.keyspaceMisses ?? 0,
  };
}

function poolStatus({ status }: ApiDeps) {
  const pool = status.readPool();
  // The driver tells of no closed connection: what was opened and is gone was closed.
  const closed = Math.max(0, pool.connectionsOpened - pool.totalConnections);
  return {
    pool_size: pool.poolSize,
    checked_in: pool.idleConnections,
    checked_out: pool.activeConnections,
    overflow: Math.max(0, pool.totalConnections - pool.poolSize),
    invalidated: closed,
    total_connections: pool.totalConnections,
    active_connections: pool.activeConnections,
    idle_connections: pool.idleConnections,
    checkouts: pool.checkouts,
    invalidations: closed,
  };
}
