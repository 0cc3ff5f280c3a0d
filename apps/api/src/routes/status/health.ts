import { HealthReply } from "@arkrelay/core/http/status";

import { readRoute } from "../../http/route";
import { areDaemonsHealthy, connectedRelays, daemonFlags, readOutside, succeeds, word } from "./probes";

export const healthRoute = readRoute({
  path: "/health",
  summary: "Whether everything works; 503 without database or Redis, degraded without a daemon or relay",
  auth: ["public"],
  replies: { 200: HealthReply, 503: HealthReply },
}).handle(async ({ deps }) => {
  const [database, redis, { daemons, nostr }] = await Promise.all([
    succeeds(deps.status.pingDatabase),
    succeeds(deps.status.pingRedis),
    readOutside(deps),
  ]);
  const relays = connectedRelays(nostr);
  const isWhole = areDaemonsHealthy(daemons) && (!nostr.running || relays > 0);
  const isUp = database && redis;
  return {
    status: isUp ? 200 : 503,
    body: {
      status: isUp ? (isWhole ? "healthy" : "degraded") : "unhealthy",
      api: "ok",
      database: word(database),
      database_connected: database,
      redis_connected: redis,
      grpc_services: daemonFlags(daemons),
      nostr_service: {
        connected: relays > 0,
        connected_relays: relays,
        events_received: nostr.eventsReceived,
        events_published: nostr.eventsPublished,
      },
      version: deps.settings.version,
    },
  };
});
