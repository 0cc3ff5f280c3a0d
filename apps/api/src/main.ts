import { RESTART_POLL_MS } from "@arkrelay/daemons/open-process-daemons";
import { runProcess } from "@arkrelay/runtime/process";
import { showLife } from "@arkrelay/runtime/show-life";

import { createApp } from "./app";
import { parseConfig } from "./config";
import { openDeps } from "./deps";
import { listen } from "./listen";
import { VERSION } from "./version";

void runProcess("api", async (life) => {
  const config = parseConfig(process.env);
  life.stopWithin({ graceMs: config.process.graceMs, preStopMs: config.process.preStopMs });
  const deps = await openDeps(config, life, { version: VERSION });
  life.readyWhen("database", deps.status.pingDatabase);
  life.readyWhen("schema", deps.status.checkSchema);
  life.readyWhen("redis", () => Promise.resolve(deps.status.hasMetRedis()));

  const restartSeen = (): number => deps.restarts.restartSeen;
  const { probesPort } = await showLife(life, config.process, { ...deps, restartSeen });
  const periodMs = RESTART_POLL_MS * config.process.pollScale;
  const watching = deps.restarts.run({ periodMs, signal: life.stopping });
  life.onStop("restart watcher", () => watching);

  const listener = await listen(createApp(deps), config.http.host, config.http.port);
  // Closed in reverse order: the streams end first, or the listener would wait for them.
  life.onStop("listener", () => listener.close());
  life.onStop("streams", () => deps.streams.drain());
  deps.logger.info("listening", { host: config.http.host, port: listener.port, probes: probesPort });
});
