import { TASKS, type JobTaskName, type QueueName } from "@arkrelay/core/jobs/catalog";
import type { JobStatus } from "@arkrelay/core/jobs/job-state";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { addCounters, type CounterIncrement } from "./counter-store";

/** Totals of jobs since installation, per job_type of the catalog (a caller's own action types would be labels without end). */
export const JOBS_SCOPE = "jobs";
/** Unfinished jobs of an owner, per queue: what the cap and the priorities are taken from. */
export const OPEN_JOBS_SCOPE = "jobs_open";

export interface JobCount {
  readonly task: JobTaskName;
  readonly owner: string;
  readonly queue: QueueName;
  readonly event: "inserted" | "reopened" | Exclude<JobStatus, "pending" | "running">;
  /** Of the finished try, for the average. */
  readonly durationMs?: number;
}

/** Counts what the transaction does to jobs; written with its COMMIT. */
export function countJobs(tx: Tx, counts: readonly JobCount[]): void {
  addCounters(tx, counts.flatMap(toIncrements));
}

function toIncrements(count: JobCount): readonly CounterIncrement[] {
  const { jobType } = TASKS[count.task];
  const opens = count.event === "inserted" || count.event === "reopened";
  const open = { scope: OPEN_JOBS_SCOPE, subject: count.owner, name: count.queue, n: opens ? 1 : -1 };
  // A re-opened job is no new one: it only waits again.
  if (count.event === "reopened") return [open];
  return [{ scope: JOBS_SCOPE, subject: jobType, name: count.event, n: 1, sumMs: count.durationMs ?? 0 }, open];
}
