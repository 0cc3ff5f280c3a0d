import { STATE_TABLES } from "@arkrelay/core/jobs/catalog";
import { runDueSchedules } from "@arkrelay/core/jobs/run-due-schedules";
import { type Schedule, SCHEDULES, withCycle } from "@arkrelay/core/jobs/schedules";
import { sweepJobs, type SweepReport } from "@arkrelay/core/jobs/sweep-jobs";
import { runEvery } from "@arkrelay/runtime/run-every";

import type { SchedulerConfig } from "./config";
import type { SchedulerDeps } from "./deps";
import { readSystemStats } from "./read-system-stats";

/** How often the schedule table is looked at; the slots themselves lie on the clock. */
const TICK_MS = 1_000;
/** flows 9. */
const SYSTEM_STATS_MS = 300_000;

/** What the holder of the scheduler lease does, until it loses the lease or the process stops. */
export async function runSchedulerLoops(
  deps: SchedulerDeps,
  config: SchedulerConfig,
  signal: AbortSignal,
): Promise<void> {
  const scale = config.process.pollScale;
  await Promise.all([
    runSchedules(deps, withCycle(SCHEDULES, "settlement", config.settlement.cycle), scale, signal),
    runSweeper(deps, config.background.jobSweepMs * scale, signal),
    runSystemStats(deps, SYSTEM_STATS_MS * scale, signal),
  ]);
}

async function runSchedules(
  deps: SchedulerDeps,
  schedules: readonly Schedule[],
  periodScale: number,
  signal: AbortSignal,
): Promise<void> {
  const onError = (error: unknown): void => deps.logger.error("a due job could not be inserted", { error });
  const insertDeps = {
    ...deps,
    transactions: deps.database.transactions,
    pendingJobsMax: Number.MAX_SAFE_INTEGER,
    isStopped: async (service: string) => (await deps.states.find(service))?.desiredState === "stopped",
  };
  let handled: ReadonlyMap<string, number> = new Map();
  await runEvery({ periodMs: TICK_MS * periodScale, signal, onError }, async () => {
    const due = await runDueSchedules(insertDeps, schedules, { handled, periodScale });
    handled = due.handled;
    await deps.waker.wake(due.wakes);
  });
}

async function runSweeper(deps: SchedulerDeps, periodMs: number, signal: AbortSignal): Promise<void> {
  const onError = (error: unknown): void => deps.logger.error("the sweeper failed", { error });
  await runEvery({ periodMs, signal, onError }, async () => {
    const report = await sweepJobs({ ...deps, store: deps.sweep, tables: STATE_TABLES, signal });
    reportSweep(deps, report);
  });
}

/** A lost queue or worker is worth a line; wakes sent again are everyday business. */
function reportSweep(deps: SchedulerDeps, report: SweepReport): void {
  const { queueWasLost, dead, ...counts } = report;
  if (queueWasLost) deps.logger.warn("the queue had lost its memory; everything runnable was woken", counts);
  if (report.released > 0) deps.logger.warn("work of lost workers was put back", counts);
  for (const rowKey of dead) deps.logger.error("given up after five lost workers", { row_key: rowKey });
}

async function runSystemStats(deps: SchedulerDeps, periodMs: number, signal: AbortSignal): Promise<void> {
  const onError = (error: unknown): void => deps.logger.warn("system statistics could not be written", { error });
  await runEvery({ periodMs, signal, onError }, async () => {
    const stats = await readSystemStats(process.cwd());
    await deps.systemMetrics.insert(stats);
  });
}
