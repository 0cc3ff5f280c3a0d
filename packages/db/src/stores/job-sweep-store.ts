import { backoffMs } from "@arkrelay/core/jobs/backoff";
import { queuedTask, UNTIL_TERMINAL, type StateTable } from "@arkrelay/core/jobs/catalog";
import type { LostRows, SweepPage, SweepStore, WokenMarks } from "@arkrelay/core/jobs/sweep-store";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Wake } from "@arkrelay/core/ports/waker";

import type { Database } from "../connection";
import { nullable, readBigint, readDate, readInteger, readText, type Row } from "../row";
import { connectionOf } from "../transactions";
import { announceJobs, type EndedJob } from "./announce-jobs";
import { countJobs } from "./job-counters";
import { readJobTask, readQueue, SINGLE_FLIGHT_PREFIX } from "./job-store";
import { placeholders, readTask, toWake, WORK_TABLES, type WorkTable } from "./job-work-tables";
import { DrizzleWebhookOutbox } from "./webhook-outbox";

export interface SweepStoreOptions {
  /** A row is left to its own wake this long before it counts as not woken: marks are written a moment after the wake. */
  readonly unwokenSeconds: number;
  /** flows 8.1 (c): a due row woken longer ago than this is woken again. */
  readonly overdueSeconds: number;
}

const DEFAULTS: SweepStoreOptions = { unwokenSeconds: 2, overdueSeconds: 60 };
/** flows 8.1: the fifth lost attempt ends the job. */
const LOST_ATTEMPTS_MAX = 5;

/** The sweeper's view of all tables that hold work, and the marks of confirmed wakes. */
export class DrizzleSweepStore implements SweepStore, WokenMarks {
  private readonly options: SweepStoreOptions;
  private readonly webhooks: DrizzleWebhookOutbox;

  constructor(
    private readonly database: Database,
    options: Partial<SweepStoreOptions> = {},
  ) {
    this.options = { ...DEFAULTS, ...options };
    // Without a waker: what it writes is found by this very sweep.
    this.webhooks = new DrizzleWebhookOutbox(database);
  }

  async listUnwoken(name: StateTable, limit: number): Promise<readonly Wake[]> {
    const table = WORK_TABLES[name];
    const rows = await this.database.select(
      `SELECT ${table.key}, ${table.wakeColumns} FROM ${table.name}
       WHERE ${table.isRunnable} AND woken_at IS NULL AND ${table.runAt} <= NOW(3) - INTERVAL ? SECOND ORDER BY ${table.runAt} LIMIT ?`,
      [this.options.unwokenSeconds, limit],
    );
    return rows.map((row) => toWake(table, row));
  }

  async listRunnable(name: StateTable, afterId: bigint, limit: number): Promise<SweepPage> {
    const table = WORK_TABLES[name];
    const rows = await this.database.select(
      `SELECT id, ${table.key}, ${table.wakeColumns} FROM ${table.name} WHERE ${table.isRunnable} AND id > ? ORDER BY id LIMIT ?`,
      [afterId, limit],
    );
    const last = rows.at(-1);
    const isFull = rows.length === limit && last !== undefined;
    return { wakes: rows.map((row) => toWake(table, row)), nextAfterId: isFull ? readBigint(last, "id") : undefined };
  }

  async takeOverdue(name: StateTable, limit: number): Promise<readonly Wake[]> {
    const table = WORK_TABLES[name];
    const rows = await this.database.select(
      `SELECT id, ${table.key}, ${table.wakeColumns} FROM ${table.name}
       WHERE ${table.isRunnable} AND ${table.runAt} <= NOW(3) AND woken_at < NOW(3) - INTERVAL ? SECOND ORDER BY woken_at LIMIT ?`,
      [this.options.overdueSeconds, limit],
    );
    if (rows.length === 0) return [];
    const ids = rows.map((row) => readBigint(row, "id"));
    await this.database.writeOnce(
      `UPDATE ${table.name} SET woken_at = NOW(3) WHERE id IN (${placeholders(ids)}) AND ${table.isRunnable} AND woken_at IS NOT NULL`,
      ids,
    );
    return rows.map((row) => toWake(table, row));
  }

  async releaseLapsed(name: StateTable, limit: number): Promise<LostRows> {
    const table = WORK_TABLES[name];
    return this.database.transactions.run(async (tx) => {
      const rows = await lockLapsed(tx, table, limit);
      const dead = rows.filter((row) => isGivenUp(table, row));
      for (const row of rows) await release(tx, table, row);
      if (table.name === "job_logs") await insertLostHistory(tx, rows);
      const wakes = await readReleased(
        tx,
        table,
        rows.filter((row) => !dead.includes(row)),
      );
      if (table.name === "job_logs") {
        countJobs(
          tx,
          dead.map((row) => toDeadCount(row)),
        );
        await announceJobs(tx, this.webhooks, dead.map(toDeadJob));
      }
      return { wakes, deadRowKeys: dead.map((row) => readText(row, table.key)) };
    });
  }

  async markWoken(wakes: readonly Wake[]): Promise<void> {
    for (const table of Object.values(WORK_TABLES)) {
      const group = wakes.filter((wake) => stateTableOf(wake) === table.name);
      if (group.length > 0) await this.markIn(table, group);
    }
  }

  /**
   * Only rows that still wait under the confirmed wake: a later wake_seq has a wake of its own, a running row needs no mark. One
   * that somebody is just writing is left out: an unmarked row is woken once more by the sweeper, which is harmless, while
   * waiting for it would hold the locks of all the others.
   */
  private async markIn(table: WorkTable, wakes: readonly Wake[]): Promise<void> {
    await this.database.transactions.run(async (tx) => {
      const connection = connectionOf(tx);
      const rows = await connection.selectOnce(
        `SELECT id FROM ${table.name} WHERE ${table.key} IN (${placeholders(wakes)})
           AND (${table.key}, wake_seq) IN (${wakes.map(() => "(?, ?)").join(", ")})
           AND woken_at IS NULL AND ${table.isRunnable} FOR UPDATE SKIP LOCKED`,
        [...wakes.map((wake) => wake.rowKey), ...wakes.flatMap((wake) => [wake.rowKey, wake.wakeSeq])],
      );
      if (rows.length === 0) return;
      const ids = rows.map((row) => readBigint(row, "id"));
      await connection.writeOnce(`UPDATE ${table.name} SET woken_at = NOW(3) WHERE id IN (${placeholders(ids)})`, ids);
    });
  }
}

function stateTableOf(wake: Wake): StateTable | undefined {
  if (wake.task === "log_system_stats" || wake.task === "send_heartbeat") return undefined;
  return queuedTask(wake.task).stateIn;
}

/** SKIP LOCKED: an attempt that is being ended this moment is not lost. */
async function lockLapsed(tx: Tx, table: WorkTable, limit: number): Promise<readonly Row[]> {
  const jobColumns = table.name === "job_logs" ? ", queue, started_at, request_id" : "";
  return connectionOf(tx).select(
    `SELECT id, ${table.key}, attempt_token, attempt_lease_until, lost_attempts, ${table.wakeColumns}${jobColumns} FROM ${table.name}
     WHERE ${table.isRunning} AND attempt_lease_until < NOW(3) ORDER BY attempt_lease_until LIMIT ? FOR UPDATE SKIP LOCKED`,
    [limit],
  );
}

function lostNow(row: Row): number {
  return readInteger(row, "lost_attempts") + 1;
}

/** A session, lift or land is never given up: money may hang on it. It goes on with the longest pause instead. */
function isGivenUp(table: WorkTable, row: Row): boolean {
  return lostNow(row) >= LOST_ATTEMPTS_MAX && queuedTask(readTask(table, row)).triesMax !== UNTIL_TERMINAL;
}

async function release(tx: Tx, table: WorkTable, row: Row): Promise<void> {
  await connectionOf(tx).write(
    `UPDATE ${table.name} SET attempt_token = NULL, attempt_lease_until = NULL, lost_attempts = lost_attempts + 1, ${releaseClause(table, row)} WHERE id = ?`,
    [pauseSeconds(table, row), readBigint(row, "id")].slice(isGivenUp(table, row) ? 1 : 0),
  );
}

const AGAIN = "wake_seq = wake_seq + 1, woken_at = NULL";

function releaseClause(table: WorkTable, row: Row): string {
  if (isGivenUp(table, row)) return GIVE_UP[table.name];
  const again = `${table.runAt} = NOW(3) + INTERVAL ? SECOND, ${AGAIN}`;
  return table.name === "job_logs"
    ? `status = 'pending', attempt_deadline = NULL, updated_at = NOW(3), ${again}`
    : again;
}

const GIVE_UP: Readonly<Record<StateTable, string>> = {
  job_logs: `status = 'failed', attempt_deadline = NULL, dead_at = NOW(3), finished_at = NOW(3), updated_at = NOW(3), verdict = 'never',
    error_code = 'worker_lost', error = 'Five attempts were lost with their worker',
    duration_seconds = TIMESTAMPDIFF(MICROSECOND, started_at, NOW(3)) / 1000000,
    dedupe_key = IF(dedupe_key LIKE '${SINGLE_FLIGHT_PREFIX}%', NULL, dedupe_key)`,
  nostr_events: "status = 'failed', error_code = 'worker_lost', processed_at = NOW(3), next_at = NULL",
  signing_sessions: AGAIN,
  lightning_invoices: AGAIN,
  payouts: AGAIN,
  webhook_deliveries: AGAIN,
};

function pauseSeconds(table: WorkTable, row: Row): number {
  const { triesMax, backoff } = queuedTask(readTask(table, row));
  if (triesMax !== UNTIL_TERMINAL || lostNow(row) < LOST_ATTEMPTS_MAX) return 0;
  return backoffMs(backoff, lostNow(row)) / 1000;
}

async function insertLostHistory(tx: Tx, rows: readonly Row[]): Promise<void> {
  for (const row of rows) {
    const id = readBigint(row, "id");
    await connectionOf(tx).write(
      `INSERT INTO job_attempts (job_id, attempt, token, started_at, finished_at, outcome, error_code, error)
       SELECT ?, COALESCE(MAX(h.attempt), 0) + 1, ?, ?, NOW(3), 'lost', NULL, NULL FROM job_attempts h WHERE h.job_id = ?`,
      [
        id,
        readText(row, "attempt_token"),
        nullable(row, "started_at", readDate) ?? readDate(row, "attempt_lease_until"),
        id,
      ],
    );
  }
}

async function readReleased(tx: Tx, table: WorkTable, rows: readonly Row[]): Promise<readonly Wake[]> {
  if (rows.length === 0) return [];
  const ids = rows.map((row) => readBigint(row, "id"));
  const found = await connectionOf(tx).selectOnce(
    `SELECT ${table.key}, ${table.wakeColumns} FROM ${table.name} WHERE id IN (${placeholders(ids)})`,
    ids,
  );
  return found.map((row) => toWake(table, row));
}

function toDeadJob(row: Row): EndedJob {
  const requestId = nullable(row, "request_id", readText);
  return { id: readBigint(row, "id"), owner: readText(row, "owner"), type: "job.failed", requestId };
}

function toDeadCount(row: Row): Parameters<typeof countJobs>[1][number] {
  return { task: readJobTask(row), owner: readText(row, "owner"), queue: readQueue(row), event: "failed" };
}
