import { AppError } from "../errors";
import type { Clock } from "../ports/clock";
import type { Random } from "../ports/random";
import type { Tx } from "../ports/transactions";
import { TASKS, type QueueName } from "./catalog";
import type { JobChange, JobDraft } from "./job";
import type { JobStore } from "./job-store";

export interface InsertJobDeps {
  readonly jobs: Pick<JobStore, "insert" | "countOpen">;
  readonly random: Pick<Random, "uuid">;
  readonly clock: Clock;
  /** MAX_PENDING_JOBS_PER_OWNER: soft, calls in flight may overshoot it. */
  readonly pendingJobsMax: number;
}

/** BullMQ keeps priorities in 21 bits. */
const PRIORITY_MAX = 2_097_151;
const RETRY_AFTER_SECONDS = 5;

/** Our own jobs, of schedules and sweeps: no cap, no fairness. */
export const SYSTEM_OWNER = "system";

/**
 * Puts a job's row into the transaction of the effect it belongs to. The row is its own outbox: the caller wakes after COMMIT,
 * and what is lost there the sweeper finds. Throws `rate_limited` above the owner's cap; a used dedupeKey brings the older job.
 */
export async function insertJob(deps: InsertJobDeps, tx: Tx, draft: JobDraft): Promise<JobChange> {
  const task = TASKS[draft.task];
  const payload: unknown = task.payload.parse(draft.payload);
  const priority =
    task.fair && draft.owner !== SYSTEM_OWNER ? await fairPriority(deps, tx, draft.owner, task.queue) : undefined;
  const runAt = draft.runAt ?? deps.clock.now();
  const { jobId, isNew } = await deps.jobs.insert(tx, {
    jobId: deps.random.uuid(),
    task: draft.task,
    jobType: draft.jobType ?? task.jobType,
    queue: task.queue,
    payload,
    owner: draft.owner,
    dedupeKey: draft.dedupeKey,
    singleFlight: draft.singleFlight ?? false,
    maxAttempts: task.triesMax,
    priority,
    runAt,
    requestId: draft.requestId,
    trace: draft.trace,
  });
  if (!isNew) return { jobId, wakes: [] };
  const fairness = priority === undefined ? {} : { priority, owner: draft.owner };
  return { jobId, wakes: [{ task: draft.task, rowKey: jobId, wakeSeq: 1, runAt, ...fairness }] };
}

/** The more an owner has waiting, the further back its next job queues, so that nobody waits behind somebody else's backlog. */
async function fairPriority(deps: InsertJobDeps, tx: Tx, owner: string, queue: QueueName): Promise<number> {
  const open = await deps.jobs.countOpen(tx, owner, queue);
  if (open.inAll >= deps.pendingJobsMax) {
    throw new AppError("rate_limited", {
      message: `${open.inAll} jobs of yours are waiting; the limit is ${deps.pendingJobsMax}`,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
  return Math.min(1 + open.inQueue, PRIORITY_MAX);
}
