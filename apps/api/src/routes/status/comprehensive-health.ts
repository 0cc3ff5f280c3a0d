import type { z } from "zod";

import { ComprehensiveHealthReply, type FullChecks } from "@arkrelay/core/http/status";

import type { ApiDeps } from "../../api-deps";
import { readRoute } from "../../http/route";
import { areDaemonsHealthy, connectedRelays, readOutside } from "./probes";
import { requireMonitoring } from "./require-monitoring";

export const comprehensiveHealthRoute = readRoute({
  path: "/health/comprehensive",
  summary: "Every check; details with the admin key only",
  auth: ["public"],
  replies: { 200: ComprehensiveHealthReply },
}).handle(async ({ deps, caller }) => {
  await requireMonitoring(deps);
  const full = await readChecks(deps);
  return { status: 200, body: caller.isAdmin ? full : trim(full) };
});

type Full = z.output<typeof FullChecks>;

async function readChecks(deps: ApiDeps): Promise<Full> {
  const [database, redis, { daemons, nostr }] = await Promise.all([
    checkDatabase(deps),
    checkRedis(deps),
    readOutside(deps),
  ]);
  const services: Full["checks"]["grpc_services"]["services"] = {};
  for (const [name, state] of Object.entries(daemons)) {
    services[name] = {
      healthy: state.healthy,
      breaker: state.breaker,
      latency_ms: state.latencyMs ?? null,
      ...(state.version !== undefined && { version: state.version }),
      ...(state.lastErrorCode !== undefined && { last_error_code: state.lastErrorCode }),
    };
  }
  const relays = connectedRelays(nostr);
  const grpcHealthy = areDaemonsHealthy(daemons);
  const nostrHealthy = !nostr.running || relays > 0;
  return {
    overall_healthy: database.healthy && redis.healthy && grpcHealthy && nostrHealthy,
    checks: {
      database,
      redis,
      grpc_services: { healthy: grpcHealthy, services },
      nostr: {
        healthy: nostrHealthy,
        connected_relays: relays,
        events_received: nostr.eventsReceived,
        events_published: nostr.eventsPublished,
      },
    },
  };
}

async function checkDatabase({ status }: ApiDeps): Promise<Full["checks"]["database"]> {
  try {
    const queryTime = await timed(status.pingDatabase);
    return { healthy: true, query_time_ms: queryTime, tables: [...(await status.countTables())] };
  } catch {
    return { healthy: false, query_time_ms: null, tables: [], error: "The database is not reachable." };
  }
}

async function checkRedis({ status }: ApiDeps): Promise<Full["checks"]["redis"]> {
  try {
    const pingTime = await timed(status.pingRedis);
    const info = await status.readRedisInfo();
    return {
      healthy: true,
      ping_time_ms: pingTime,
      used_memory_mb: info.usedMemoryMb,
      connected_clients: info.connectedClients,
      total_commands_processed: info.totalCommandsProcessed,
    };
  } catch {
    return {
      healthy: false,
      ping_time_ms: null,
      used_memory_mb: null,
      connected_clients: null,
      total_commands_processed: null,
    };
  }
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return Math.round((performance.now() - startedAt) * 1000) / 1000;
}

function trim({ overall_healthy, checks }: Full) {
  const only = ({ healthy }: { readonly healthy: boolean }) => ({ healthy });
  return {
    overall_healthy,
    checks: {
      database: only(checks.database),
      redis: only(checks.redis),
      grpc_services: only(checks.grpc_services),
      nostr: only(checks.nostr),
    },
  };
}
