import { runUnderLease } from "@arkrelay/runtime/lease-runner";
import { runProcess } from "@arkrelay/runtime/process";
import { showLife } from "@arkrelay/runtime/show-life";

import { parseConfig } from "./config";
import { openDeps } from "./deps";
import { runSchedulerLoops } from "./scheduler-loops";

const LEASE = "scheduler";
void runProcess("scheduler", async (life) => {
  const config = parseConfig(process.env);
  life.stopWithin(config.process);
  const deps = await openDeps(config, life);
  const { logger, metrics } = deps;
  life.useLog((level, message, fields) => logger[level](message, fields));
  for (const warning of config.warnings) logger.warn(warning);
  life.readyWhen("mariadb", () => deps.database.ping());

  await showLife(life, config.process, deps);

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
