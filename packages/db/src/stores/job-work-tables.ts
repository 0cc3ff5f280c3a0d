import { assert } from "@arkrelay/core/errors";
import {
  isQueuedTask,
  isTaskName,
  queuedTask,
  type QueuedTaskName,
  type StateTable,
} from "@arkrelay/core/jobs/catalog";
import { lightningTaskOf } from "@arkrelay/core/lightning/lightning-task";
import type { Wake } from "@arkrelay/core/ports/waker";
import { ceremonyTaskOf } from "@arkrelay/core/session/move-session";
import type { CeremonyState } from "@arkrelay/core/session/session";

import { nullable, readDate, readInteger, readText, type Row } from "../row";
import { readLightningPosition } from "./lightning-row";

/** The columns in which the tables that hold work differ. The texts go into statements as they are; no value ever does. */
export interface WorkTable {
  readonly name: StateTable;
  readonly key: string;
  readonly runAt: string;
  /** Waits for its time or for a worker. */
  readonly isRunnable: string;
  readonly isRunning: string;
  /** Ended tries that count against the budget, or for the pauses. */
  readonly tries: string;
  /** Columns behind `toWake` and `readTask`, beside id and key. */
  readonly wakeColumns: string;
}

const ROW_TABLE = {
  runAt: "next_at",
  // A row whose next_at is null has nothing to do, whatever its status.
  isRunnable: "attempt_token IS NULL AND next_at IS NOT NULL",
  isRunning: "attempt_token IS NOT NULL",
  tries: "attempts",
  wakeColumns: "wake_seq, next_at AS run_at",
};

export const WORK_TABLES: Readonly<Record<StateTable, WorkTable>> = {
  job_logs: {
    name: "job_logs",
    key: "job_id",
    runAt: "run_at",
    isRunnable: "status = 'pending'",
    isRunning: "status = 'running'",
    tries: "attempts",
    wakeColumns: "wake_seq, run_at, task, owner, priority",
  },
  signing_sessions: {
    name: "signing_sessions",
    key: "session_id",
    ...ROW_TABLE,
    wakeColumns: "wake_seq, next_at AS run_at, ceremony_state",
  },
  nostr_events: { name: "nostr_events", key: "event_id", ...ROW_TABLE },
  lightning_invoices: {
    name: "lightning_invoices",
    key: "operation_id",
    ...ROW_TABLE,
    // Its `attempts` are the payments started for a land.
    tries: "tries",
    wakeColumns: "wake_seq, next_at AS run_at, invoice_type, status, error_code",
  },
  payouts: { name: "payouts", key: "payout_key", ...ROW_TABLE },
  webhook_deliveries: {
    name: "webhook_deliveries",
    key: "delivery_id",
    ...ROW_TABLE,
    isRunnable: `status = 'pending' AND ${ROW_TABLE.isRunnable}`,
    // Its `attempts` are the calls that were made.
    tries: "tries",
    wakeColumns: "wake_seq, next_at AS run_at, owner, priority",
  },
};

export function workTableOf(task: QueuedTaskName): WorkTable {
  return WORK_TABLES[queuedTask(task).stateIn];
}

export function readTask(table: WorkTable, row: Row): QueuedTaskName {
  switch (table.name) {
    case "signing_sessions":
      return ceremonyTaskOf({ ceremonyState: readText(row, "ceremony_state") as CeremonyState });
    case "nostr_events":
      return "nostr_process";
    case "lightning_invoices":
      return lightningTaskOf(readLightningPosition(row));
    case "payouts":
      return "payout_drive";
    case "webhook_deliveries":
      return "webhook_deliver";
    case "job_logs": {
      const task = readText(row, "task");
      assert(isTaskName(task) && isQueuedTask(task), `job_logs names the unknown task ${task}`);
      return task;
    }
  }
}

/** Reads a row selected with `wakeColumns` and the key. Only fair jobs have a priority, and only they need their owner in the wake. */
export function toWake(table: WorkTable, row: Row): Wake {
  const priority = nullable(row, "priority", readInteger);
  return {
    task: readTask(table, row),
    rowKey: readText(row, table.key),
    wakeSeq: readInteger(row, "wake_seq"),
    runAt: readDate(row, "run_at"),
    ...(priority === undefined ? {} : { priority, owner: readText(row, "owner") }),
  };
}

/** `?, ?, ?` for a list; statements with lists are not prepared. */
export function placeholders(items: readonly unknown[]): string {
  return items.map(() => "?").join(", ");
}
