import { startHealthServer } from "@arkrelay/runtime/health-server";
import { startHeartbeat } from "@arkrelay/runtime/heartbeat-loop";
import { runProcess } from "@arkrelay/runtime/process";

import { parseConfig } from "./config";
import { openDeps } from "./deps";
import { runListeners } from "./run-listeners";

const HEARTBEAT_MS = 60_000;

void runProcess("services", async (life) => {
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
    serviceName: "services",
    instance: deps.instance,
    periodMs: HEARTBEAT_MS * config.process.pollScale,
    onError: (error) => logger.warn("a heartbeat could not be written", { error }),
  });
  life.onStop("heartbeat", () => heartbeat.stop());

  const listening = runListeners(deps, config, life.stopping);
  life.onStop("listeners", () => listening);
  logger.info("services are up", { instance: deps.instance });
});
