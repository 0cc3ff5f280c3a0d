import { startHealthServer } from "@arkrelay/runtime/health-server";
import { startHeartbeat } from "@arkrelay/runtime/heartbeat-loop";
import { runProcess } from "@arkrelay/runtime/process";

import { createApp } from "./app";
import { parseConfig } from "./config";
import { openDeps } from "./deps";
import { listen } from "./listen";
import { VERSION } from "./version";

const HEARTBEAT_MS = 60_000;

void runProcess("api", async (life) => {
  const config = parseConfig(process.env);
  life.stopWithin({ graceMs: config.process.graceMs, preStopMs: config.process.preStopMs });
  const deps = await openDeps(config, life, { version: VERSION });
  life.readyWhen("database", deps.status.pingDatabase);
  life.readyWhen("schema", deps.status.checkSchema);
  life.readyWhen("redis", () => Promise.resolve(deps.status.hasMetRedis()));

  const probes = await startHealthServer({
    port: config.process.metricsPort,
    host: config.process.metricsHost,
    checkReady: () => life.checkReady(),
    metrics: config.process.metricsEnabled ? deps.metrics.registry : undefined,
  });
  life.onStop("probes", () => probes.close());

  const heartbeat = startHeartbeat({
    store: deps.heartbeats,
    serviceName: "api",
    instance: deps.instance,
    periodMs: HEARTBEAT_MS * config.process.pollScale,
    onError: (error) => {
      deps.logger.warn("a heartbeat could not be written", { error });
    },
  });
  life.onStop("heartbeat", () => heartbeat.stop());

  const listener = await listen(createApp(deps), config.http.host, config.http.port);
  // Closed in reverse order: the streams end first, or the listener would wait for them.
  life.onStop("listener", () => listener.close());
  life.onStop("streams", () => deps.streams.drain());
  deps.logger.info("listening", { host: config.http.host, port: listener.port, probes: probes.port });
});
