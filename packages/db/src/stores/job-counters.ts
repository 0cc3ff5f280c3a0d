import { TASKS, type JobTaskName, type QueueName } from "@arkrelay/core/jobs/catalog";
import type { JobStatus } from "@arkrelay/core/jobs/job-state";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { connectionOf } from "../transactions";

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

/** 16 rows per counter, one picked at random, so that concurrent transactions rarely wait for each other. */
const SHARDS = 16;

/** Last statement of the transaction that changes the jobs: the counter rows are the ones everybody writes. */
export async function countJobs(tx: Tx, counts: readonly JobCount[]): Promise<void> {
  const increments = sumIncrements(counts.flatMap(toIncrements));
  if (increments.length === 0) return;
  const shard = Math.floor(Math.random() * SHARDS);
  await connectionOf(tx).writeOnce(
    `INSERT INTO counters (scope, subject, name, shard, n, sum_ms) VALUES ${increments.map(() => "(?, ?, ?, ?, ?, ?)").join(", ")}
     ON DUPLICATE KEY UPDATE n = n + VALUES(n), sum_ms = sum_ms + VALUES(sum_ms)`,
    increments.flatMap((row) => [row.scope, row.subject, row.name, shard, row.n, row.sumMs]),
  );
}

interface Increment {
  readonly scope: string;
  readonly subject: string;
  readonly name: string;
  readonly n: number;
  readonly sumMs: number;
}

function toIncrements(count: JobCount): readonly Increment[] {
  const { jobType } = TASKS[count.task];
  const opens = count.event === "inserted" || count.event === "reopened";
  const open = { scope: OPEN_JOBS_SCOPE, subject: count.owner, name: count.queue, n: opens ? 1 : -1, sumMs: 0 };
  // A re-opened job is no new one: it only waits again.
  if (count.event === "reopened") return [open];
  return [
    { scope: JOBS_SCOPE, subject: jobType, name: count.event, n: 1, sumMs: Math.round(count.durationMs ?? 0) },
    open,
  ];
}

/** One row per counter, in key order: two transactions that touch the same rows must lock them in the same order. */
function sumIncrements(increments: readonly Increment[]): readonly Increment[] {
  const sums = new Map<string, Increment>();
  for (const row of increments) {
    const key = `${row.scope}\n${row.subject}\n${row.name}`;
    const sum = sums.get(key);
    sums.set(key, sum === undefined ? row : { ...row, n: sum.n + row.n, sumMs: sum.sumMs + row.sumMs });
  }
  return [...sums.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
