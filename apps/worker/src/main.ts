import { startHealthServer } from "@arkrelay/runtime/health-server";
import { startHeartbeat } from "@arkrelay/runtime/heartbeat-loop";
import { runProcess } from "@arkrelay/runtime/process";
import { pingRedis } from "@arkrelay/runtime/redis";

import { parseConfig } from "./config";
import { openDeps } from "./deps";
import { startWorker } from "./start-worker";

const HEARTBEAT_MS = 60_000;

void runProcess("worker", async (life) => {
  const config = parseConfig(process.env);
  life.stopWithin(config.process);
  const deps = await openDeps(config, life);
  const { logger, metrics } = deps;
  life.useLog((level, message, fields) => logger[level](message, fields));
  for (const warning of config.warnings) logger.warn(warning);
  life.readyWhen("mariadb", () => deps.database.ping());
  life.readyWhen("redis", () => pingRedis(deps.redis.consumer));

  const health = await startHealthServer({
    port: config.process.metricsPort,
    host: config.process.metricsHost,
    checkReady: () => life.checkReady(),
    metrics: config.process.metricsEnabled ? metrics.registry : undefined,
  });
  life.onStop("health server", () => health.close());
  const heartbeat = startHeartbeat({
    store: deps.heartbeats,
    serviceName: "worker",
    instance: deps.instance,
    periodMs: HEARTBEAT_MS * config.process.pollScale,
    onError: (error) => logger.warn("a heartbeat could not be written", { error }),
  });
  life.onStop("heartbeat", () => heartbeat.stop());
  startWorker(deps, config, life);
  logger.info("worker is up", { instance: deps.instance });
});
