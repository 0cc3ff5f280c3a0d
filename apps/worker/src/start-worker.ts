import { proveRecovery } from "@arkrelay/core/ceremony/read-pending";
import { queuedTask, type QueueName } from "@arkrelay/core/jobs/catalog";
import { registerGatewayScripts, syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { Life } from "@arkrelay/runtime/process";
import { runEvery } from "@arkrelay/runtime/run-every";

import { AttemptBatches } from "./attempt-batches";
import type { WorkerConfig } from "./config";
import type { WorkerDeps } from "./deps";
import { LiveAttempts } from "./live-attempts";
import { OpenEndings } from "./open-endings";
import { runTask } from "./run-task";
import { createTaskHandlers } from "./task-handlers";
import { selectQueues, startTaskWorkers } from "./task-workers";

/** Share of the grace period that running handlers get to end by themselves; the rest is for handing back and closing. */
const PATIENCE_SHARE = 0.6;
const REGISTER_RETRY_MS = 5_000;
/** How often lnd is asked for its identity and liquidity, by which lands are opened. */
const LIGHTNING_INFO_MS = 10_000;

/** Starts taking work; everything is stopped by the process's life. */
export function startWorker(deps: WorkerDeps, config: WorkerConfig, life: Life): void {
  const { logger, metrics, attempts, waker } = deps;
  const live = new LiveAttempts({
    store: attempts,
    leaseMs: config.background.jobLeaseMs,
    // STEP_TIMEOUT_SECONDS is the operator's; every other task has its limit in the catalog.
    limitMsOf: (task) =>
      queuedTask(task).stateIn === "signing_sessions" ? config.session.stepTimeoutMs : queuedTask(task).limitMs,
    onError: (error) => logger.warn("leases could not be renewed or looked at", { error }),
  });
  life.onStop("live attempts", () => live.close());
  const endings = new OpenEndings();
  const run = {
    handlers: createTaskHandlers(deps, config),
    batches: new AttemptBatches(attempts),
    live,
    endings,
    attempts,
    waker,
    log: logger.forModule("tasks"),
    onEnd: (attempt: { readonly task: string }, _end: unknown, seconds: number) => {
      metrics.jobDuration.observe({ job_type: attempt.task }, seconds);
      metrics.workersActive.set(live.size - 1);
    },
  };
  const workers = startTaskWorkers({
    queues: selectQueues(config.background.workerQueues),
    slotsOf: (queue: QueueName) => config.background.queueConcurrency.get(queue) ?? config.background.workerConcurrency,
    connection: deps.redis.consumer,
    live,
    endings,
    run: (wake) => runTask(run, wake),
    log: logger.forModule("queues"),
  });
  life.onStop("task workers", () => workers.drain(config.process.graceMs * PATIENCE_SHARE));
  const ready = readyGateway(deps, life);
  life.onStop("gateway scripts", () => ready);
  const looked = keepLightningInfo(deps, life);
  life.onStop("lightning info", () => looked);
}

/** Lands are opened by what was heard of lnd: nobody asks it then. */
async function keepLightningInfo({ lightningInfo, logger }: WorkerDeps, life: Life): Promise<void> {
  await runEvery(
    {
      periodMs: LIGHTNING_INFO_MS,
      signal: life.stopping,
      onError: (error) => logger.warn("lnd could not be read", { error }),
    },
    () => lightningInfo.refresh(),
  );
}

/**
 * Once arkd answers: the gateway's own scripts are written down (the API builds with them but holds none of their keys), its
 * co-inputs and its stock are read, and the recovery of lost replies is proven against this very arkd.
 */
async function readyGateway({ ceremony, logger }: WorkerDeps, life: Life): Promise<void> {
  const done = new AbortController();
  await runEvery(
    {
      periodMs: REGISTER_RETRY_MS,
      signal: AbortSignal.any([life.stopping, done.signal]),
      onError: (error) => logger.warn("the gateway's own VTXOs are not ready yet", { error }),
    },
    async () => {
      await registerGatewayScripts(ceremony, ceremony.wallet);
      const { fee, stock } = ceremony.wallet.keys;
      await syncVtxos(ceremony, { ownerPubkey: fee.pubkey });
      await syncVtxos(ceremony, { ownerPubkey: stock.pubkey });
      if (!(await proveRecovery(ceremony)))
        logger.warn("the gateway has no co-input: transfers wait until it gets one");
      done.abort();
    },
  );
}
