import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import type { JobTaskName, QueueName } from "./catalog";
import type { Job, JobEvent } from "./job";
import type { JobStatus } from "./job-state";

export interface NewJob {
  readonly jobId: string;
  readonly task: JobTaskName;
  readonly jobType: string;
  readonly queue: QueueName;
  readonly payload: unknown;
  readonly owner: string;
  readonly dedupeKey: string | undefined;
  readonly singleFlight: boolean;
  readonly maxAttempts: number;
  readonly priority: number | undefined;
  readonly runAt: Date;
  readonly requestId: string | undefined;
  readonly trace: string | undefined;
}

export interface JobFilter {
  readonly status?: JobStatus;
  readonly jobType?: string;
  /** undefined = everybody's (operator). */
  readonly owner?: string;
}

export interface PageRequest {
  readonly limit: number;
  /** Last id of the page before; rows come newest first. */
  readonly beforeId?: bigint;
}

/** Numbers of `/stats`, read from the counters: since installation, not what retention left. */
export interface JobStats {
  readonly total: number;
  readonly completed: number;
  readonly failed: number;
  readonly running: number;
  readonly averageDurationSeconds: number | undefined;
}

/** Rows of one queue; a queue's own numbers (waiting, active, delayed) come from Redis. */
export interface QueueRows {
  readonly queue: QueueName;
  /** Jobs that are dead letters. */
  readonly failed: number;
  /** Age of the oldest row that could run now. */
  readonly oldestSeconds: number | undefined;
}

/** The one writer of job_logs outside an attempt. Counters are kept in the same transaction. */
export interface JobStore {
  /** Insert-first: on a used dedupe key nothing is written and the older job's id comes back. */
  insert(tx: Tx, job: NewJob): Promise<{ readonly jobId: string; readonly isNew: boolean }>;
  findByJobId(jobId: string): Promise<Job | undefined>;
  list(filter: JobFilter, page: PageRequest): Promise<readonly Job[]>;
  listEvents(jobId: string, afterSeq: number, limit: number): Promise<readonly JobEvent[]>;
  /** Unfinished jobs of an owner: in one queue, and over all fair queues. */
  countOpen(tx: Tx, owner: string, queue: QueueName): Promise<{ readonly inQueue: number; readonly inAll: number }>;
  /** pending -> cancelled; false when it was not pending. */
  cancelPending(tx: Tx, jobId: string, reason: string | undefined): Promise<boolean>;
  /** Asks a running attempt to stop; false when it does not run or its first external write is committed. */
  requestCancel(tx: Tx, jobId: string): Promise<boolean>;
  /** Whether an external write of the job was sent and its outcome is not known. */
  hasOpenCall(tx: Tx, jobId: string): Promise<boolean>;
  /** failed or cancelled -> pending with a fresh budget of `tries`; undefined when it was neither. */
  reopen(tx: Tx, jobId: string, tries: number): Promise<Wake | undefined>;
  stats(): Promise<JobStats>;
  listQueueRows(): Promise<readonly QueueRows[]>;
}
