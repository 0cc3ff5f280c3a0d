import type { QueueName } from "@arkrelay/core/jobs/catalog";
import type { JobStore } from "@arkrelay/core/jobs/job-store";

type OpenJobs = Pick<JobStore, "insert" | "countOpen">;

/** The owner's cap is soft anyway; other processes' calls of this long are seen late. */
const KEPT_MS = 250;
const KEPT_MAX = 10_000;

interface Kept {
  inQueue: number;
  inAll: number;
  readonly untilMs: number;
}

/**
 * An owner's open jobs, read from the database at most every 250 ms and counted on by the calls of this process in between: a
 * solver that enqueues a thousand jobs a second need not have its counters summed a thousand times.
 */
export function rememberOpenJobs(jobs: OpenJobs, nowMs: () => number): OpenJobs {
  const kept = new Map<string, Kept>();
  return {
    insert: (tx, job) => jobs.insert(tx, job),
    countOpen: async (tx, owner, queue: QueueName) => {
      const key = `${queue} ${owner}`;
      const known = kept.get(key);
      if (known !== undefined && known.untilMs > nowMs()) {
        known.inQueue++;
        known.inAll++;
        return { inQueue: known.inQueue, inAll: known.inAll };
      }
      const counted = await jobs.countOpen(tx, owner, queue);
      if (kept.size >= KEPT_MAX) kept.clear();
      kept.set(key, { ...counted, untilMs: nowMs() + KEPT_MS });
      return counted;
    },
  };
}
