import type { Wake } from "../ports/waker";
import type { StateTable } from "./catalog";

export interface SweepPage {
  readonly wakes: readonly Wake[];
  /** Last id read; undefined when there is nothing behind it. */
  readonly nextAfterId: bigint | undefined;
}

export interface LostRows {
  /** Rows put back to runnable. */
  readonly wakes: readonly Wake[];
  /** Rows given up at the fifth lost attempt. */
  readonly deadRowKeys: readonly string[];
}

/** What the sweeper asks of every table that holds work. Each call is bounded by `limit`; all times are the database's clock. */
export interface SweepStore {
  /** (a) Due rows whose wake was never confirmed. */
  listUnwoken(table: StateTable, limit: number): Promise<readonly Wake[]>;
  /** (b) All rows that are or will be runnable, by id: the queue's memory is gone. */
  listRunnable(table: StateTable, afterId: bigint, limit: number): Promise<SweepPage>;
  /** (c) Due rows woken more than a minute ago; their woken_at is moved to now, so that the next call brings the next ones. */
  takeOverdue(table: StateTable, limit: number): Promise<readonly Wake[]>;
  /** (d) Running rows with a lapsed lease: back to runnable, or dead at the fifth time. */
  releaseLapsed(table: StateTable, limit: number): Promise<LostRows>;
}

/** Where a Waker notes which wakes Redis has confirmed. Best effort: an unmarked row is woken once more. */
export interface WokenMarks {
  markWoken(wakes: readonly Wake[]): Promise<void>;
}
