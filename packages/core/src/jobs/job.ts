import type { Caller } from "../caller";
import type { ErrorCode, Retry } from "../errors";
import type { Wake } from "../ports/waker";
import type { JobTaskName, QueueName, TaskPayload } from "./catalog";
import type { JobStatus } from "./job-state";

/** A row of job_logs as everybody but its attempt sees it. */
export interface Job {
  /** Sequence of the table: the order of the job list and its cursor. */
  readonly id: bigint;
  readonly jobId: string;
  readonly task: JobTaskName;
  readonly jobType: string;
  readonly queue: QueueName;
  readonly status: JobStatus;
  readonly message: string | undefined;
  readonly resultData: unknown;
  /** Principal that made it (`caller.ts`), or `system`. */
  readonly owner: string;
  /** Ended tries; a lost worker counts in `lostAttempts` instead. */
  readonly attempts: number;
  readonly maxAttempts: number;
  readonly lostAttempts: number;
  readonly verdict: Retry | undefined;
  readonly errorCode: ErrorCode | undefined;
  readonly error: string | undefined;
  readonly runAt: Date;
  readonly cancelRequested: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly startedAt: Date | undefined;
  readonly finishedAt: Date | undefined;
  /** finishedAt - startedAt of the last try, in seconds. */
  readonly durationSeconds: number | undefined;
  /** Set when the job failed for good: the dead letters. */
  readonly deadAt: Date | undefined;
}

interface DraftBase {
  /** Principal the job counts for, `system` for our own. */
  readonly owner: string;
  /** Inserting a second job with the same key is harmless: the first one is returned. */
  readonly dedupeKey?: string;
  /** The key is free again when the job ends (one at a time), instead of being used up for ever (once). */
  readonly singleFlight?: boolean;
  /** Earliest start; default now. */
  readonly runAt?: Date;
  readonly requestId?: string;
  /** W3C traceparent. */
  readonly trace?: string;
  /** Shown as `job_type` where it differs from the catalog's (`user_<action_type>`). */
  readonly jobType?: string;
}

/** What a use case knows about a job it wants done. */
export type JobDraft = {
  [K in JobTaskName]: DraftBase & { readonly task: K; readonly payload: TaskPayload<K> };
}[JobTaskName];

/** Whether a job is the caller's to see: its maker by principal, the same key by another way in, or the operator. */
export function mayReadJob(caller: Caller, job: Pick<Job, "owner">): boolean {
  if (caller.isAdmin || caller.isOpen || job.owner === caller.principal) return true;
  return caller.pubkey !== undefined && job.owner === `nostr:${caller.pubkey}`;
}

/** A progress line of a running job, kept so that a stream can resume. */
export interface JobEvent {
  readonly seq: number;
  readonly event: "progress";
  readonly data: { readonly percent: number; readonly message: string };
  readonly at: Date;
}

/** What a mutating job use case hands back: the caller wakes after COMMIT. */
export interface JobChange {
  readonly jobId: string;
  readonly wakes: readonly Wake[];
}
