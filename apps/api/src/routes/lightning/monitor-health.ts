import { LightningMonitorReply } from "@arkrelay/core/http/lightning-operator";

import { readRoute } from "../../http/route";
import { readOutside, succeeds } from "../status/probes";

export const lightningMonitorRoute = readRoute({
  path: "/lightning/monitor/health",
  summary: "Whether the Lightning listener runs and how far it is",
  auth: ["admin"],
  replies: { 200: LightningMonitorReply },
}).handle(async ({ deps }) => {
  const [{ daemons }, lightning, redisConnected, unknown] = await Promise.all([
    readOutside(deps),
    deps.status.readLightning(),
    succeeds(deps.status.pingRedis),
    deps.session.operations.countUnknown(),
  ]);
  return {
    status: 200,
    body: {
      monitor_health: {
        is_running: lightning.running,
        last_check_time: lightning.lastCheckAt?.toISOString() ?? null,
        check_interval: lightning.checkIntervalMs === undefined ? null : lightning.checkIntervalMs / 1000,
        event_handlers_count: lightning.subscriptions,
        redis_connected: redisConnected,
        lnd_connected: daemons.lnd.healthy,
        cursor: { add_index: lightning.cursor.addIndex, settle_index: lightning.cursor.settleIndex },
        unknown_payments: unknown,
      },
    },
  };
});
