import { startHealthServer } from "@arkrelay/runtime/health-server";
import { startHeartbeat } from "@arkrelay/runtime/heartbeat-loop";
import { runUnderLease } from "@arkrelay/runtime/lease-runner";
import { runProcess } from "@arkrelay/runtime/process";

import { parseConfig } from "./config";
import { openDeps } from "./deps";
import { runSchedulerLoops } from "./scheduler-loops";

const LEASE = "scheduler";
const HEARTBEAT_MS = 60_000;

void runProcess("scheduler", async (life) => {
  const config = parseConfig(process.env);
  life.stopWithin(config.process);
  const deps = await openDeps(config, life);
  const { logger, metrics } = deps;
  life.useLog((level, message, fields) => logger[level](message, fields));
  for (const warning of config.warnings) logger.warn(warning);
  life.readyWhen("mariadb", () => deps.database.ping());

  const health = await startHealthServer({
    port: config.process.metricsPort,
    host: config.process.metricsHost,
    checkReady: () => life.checkReady(),
    metrics: config.process.metricsEnabled ? metrics.registry : undefined,
  });
  life.onStop("health server", () => health.close());
  const heartbeat = startHeartbeat({
    store: deps.heartbeats,
    serviceName: "scheduler",
    instance: deps.instance,
    periodMs: HEARTBEAT_MS * config.process.pollScale,
    onError: (error) => logger.warn("a heartbeat could not be written", { error }),
  });
  life.onStop("heartbeat", () => heartbeat.stop());

  const leading = runUnderLease(
    {
      store: deps.leases,
      name: LEASE,
      holder: deps.instance,
      leaseMs: config.background.leaseMs,
      renewMs: config.background.leaseRenewMs,
      signal: life.stopping,
      onLeader: (isLeader) => metrics.leader.set({ lease: LEASE }, isLeader ? 1 : 0),
      onError: (error) => logger.error("the scheduler lease reported an error", { error }),
    },
    ({ signal }) => runSchedulerLoops(deps, config, signal),
  );
  life.onStop("scheduler loops", () => leading);
  logger.info("scheduler is up", { instance: deps.instance });
});
