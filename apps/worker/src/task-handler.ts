import type { Attempt } from "@arkrelay/core/jobs/attempt-store";
import type { JobTaskName, QueuedTaskName, TaskPayload } from "@arkrelay/core/jobs/catalog";
import type { Wake } from "@arkrelay/core/ports/waker";
import type { Logger } from "@arkrelay/runtime/logger";

export interface TaskContext<Payload> {
  /** Every transaction a handler writes in begins by asserting it (or carries its token). */
  readonly attempt: Attempt;
  readonly payload: Payload;
  /** Fires at the task's deadline, on cancel, when the lease is lost and when the process must stop: end soon, by throwing. */
  readonly signal: AbortSignal;
  readonly log: Logger;
  /** Shown to whoever follows the job, a moment later; job_logs tasks only. */
  readonly progress: (percent: number, message: string) => void;
}

export interface TaskResult {
  /** `result_data` of the job. */
  readonly result?: Readonly<Record<string, unknown>>;
  readonly message?: string;
  /** Other rows that became runnable in the handler's own, committed transactions. */
  readonly wakes?: readonly Wake[];
  /** Not through: the row is due again by itself at this time. */
  readonly runAgainAt?: Date;
}

/**
 * Does the work of one attempt. It may be run again after dying at any point, so it looks up what is done before it does anything.
 * Throws an AppError whose row in the error table says whether and how it is tried again.
 */
export type TaskHandler<Payload> = (context: TaskContext<Payload>) => Promise<TaskResult>;

type PayloadOf<K extends QueuedTaskName> = K extends JobTaskName ? TaskPayload<K> : undefined;

/** One handler per queued task of the catalog: a task without one does not compile. */
export type TaskHandlers = { readonly [K in QueuedTaskName]: TaskHandler<PayloadOf<K>> };
