import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import type { QueuedTaskName } from "./catalog";
import type { AttemptEnd, TryBudget } from "./decide-attempt-end";

/** The right to work on one row, until its lease lapses or it is ended. Everything written under it carries the token. */
export interface Attempt {
  readonly task: QueuedTaskName;
  /** Key of the row in the task's table (job_id, session_id, event_id). */
  readonly rowKey: string;
  readonly token: string;
  /** The row's wake_seq when it was taken; if it has grown at the end, the row runs again. */
  readonly wakeSeq: number;
  readonly tries: TryBudget;
  readonly startedAt: Date;
  /** Only of job_logs rows. */
  readonly job: AttemptJob | undefined;
}

export interface AttemptJob {
  readonly id: bigint;
  readonly payload: unknown;
  readonly jobType: string;
  readonly owner: string;
  readonly requestId: string | undefined;
  readonly trace: string | undefined;
  readonly createdAt: Date;
}

/**
 * `taken`: go on. `early`: the row becomes runnable at that time; put the wake back until then.
 * `dropped`: finished, running elsewhere or gone; the wake is acknowledged and forgotten.
 */
export type TakeOutcome =
  | { readonly kind: "taken"; readonly attempt: Attempt }
  | { readonly kind: "early"; readonly runAt: Date }
  | { readonly kind: "dropped" };

/** `ended` with the wake that makes the row run again, if it shall; `stale` when the lease had been lost: nothing was written. */
export type EndOutcome = { readonly kind: "ended"; readonly wake: Wake | undefined } | { readonly kind: "stale" };

/** What a handler may do with the attempt it runs under. */
export interface AttemptFence {
  /** First statement of every transaction a handler writes in: locks the row and throws StaleAttempt unless the token is still on it. */
  assertAttempt(tx: Tx, attempt: Attempt): Promise<void>;
}

/** Takes, keeps and ends attempts over all tables that hold work. All times are the database's clock. */
export interface AttemptStore extends AttemptFence {
  /** Many rows of one task in one go; the outcomes come in the order of the keys. */
  take(task: QueuedTaskName, rowKeys: readonly string[]): Promise<readonly TakeOutcome[]>;
  /** One UPDATE per table for all attempts of a process. Brings those whose row no longer carries their token: they must stop. */
  renew(attempts: readonly Attempt[]): Promise<readonly Attempt[]>;
  listCancelRequested(attempts: readonly Attempt[]): Promise<readonly Attempt[]>;
  /** Many ends in one transaction; the outcomes come in the order given. */
  end(ends: readonly AttemptEnding[]): Promise<readonly EndOutcome[]>;
  /** job_logs rows only: stores progress lines and shows the last one as the job's message. Throws StaleAttempt. */
  reportProgress(attempt: Attempt, lines: readonly ProgressLine[]): Promise<void>;
}

export interface ProgressLine {
  readonly percent: number;
  readonly message: string;
}

export interface AttemptEnding {
  readonly attempt: Attempt;
  readonly end: AttemptEnd;
  /** Lines that were not written yet: short jobs need no transaction of their own for them. */
  readonly progress?: readonly ProgressLine[];
}

/** The lease lapsed and somebody else may have the row: the only thing left to do is to stop. */
export class StaleAttempt extends Error {
  constructor(attempt: Pick<Attempt, "task" | "rowKey">) {
    super(`the attempt at ${attempt.task} ${attempt.rowKey} is no longer valid`);
    this.name = "StaleAttempt";
  }
}
