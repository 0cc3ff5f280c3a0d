import { RESTART_POLL_MS } from "@arkrelay/daemons/open-process-daemons";
import { runProcess } from "@arkrelay/runtime/process";
import { showLife } from "@arkrelay/runtime/show-life";

import { parseConfig } from "./config";
import { openDeps } from "./deps";
import { runListeners } from "./run-listeners";

void runProcess("services", async (life) => {
  const config = parseConfig(process.env);
  life.stopWithin(config.process);
  const deps = await openDeps(config, life);
  const { logger } = deps;
  life.useLog((level, message, fields) => logger[level](message, fields));
  for (const warning of config.warnings) logger.warn(warning);
  life.readyWhen("mariadb", () => deps.database.ping());

  await showLife(life, config.process, { ...deps, restartSeen: () => deps.restarts.restartSeen });
  const periodMs = RESTART_POLL_MS * config.process.pollScale;
  const watching = deps.restarts.run({ periodMs, signal: life.stopping });
  life.onStop("restart watcher", () => watching);

  const listening = runListeners(deps, config, life.stopping);
  life.onStop("listeners", () => listening);
  logger.info("services are up", { instance: deps.instance });
});
