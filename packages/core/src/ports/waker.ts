import type { TaskName } from "../jobs/catalog";

/** A hint that a row became runnable. The row is the truth; a lost wake is found again by the sweeper. */
export interface Wake {
  readonly task: TaskName;
  /** Key of the row in the task's table (job_id, session_id, event_id). */
  readonly rowKey: string;
  /** The row's wake_seq, raised in the transaction that made it runnable; the BullMQ id is `<rowKey>-<wakeSeq>`. */
  readonly wakeSeq: number;
  readonly runAt: Date;
  /** BullMQ priority, 1..2097151; undefined = none. */
  readonly priority?: number;
  /** Who the row counts for in a fair queue, so that a worker can give every owner its slots before it takes the row. */
  readonly owner?: string;
}

export interface Waker {
  /** After COMMIT only. Bounded to 250 ms, never throws: what Redis does changes no answer. */
  wake(wakes: readonly Wake[]): Promise<void>;
}
