import { randomUUID } from "node:crypto";

import { assert } from "@arkrelay/core/errors";
import {
  StaleAttempt,
  type Attempt,
  type AttemptEnding,
  type AttemptStore,
  type EndOutcome,
  type ProgressLine,
  type TakeOutcome,
} from "@arkrelay/core/jobs/attempt-store";
import { queuedTask, type QueuedTaskName } from "@arkrelay/core/jobs/catalog";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Waker } from "@arkrelay/core/ports/waker";

import type { Database } from "../connection";
import { nullable, readBigint, readDate, readInteger, readJson, readText, type Row } from "../row";
import { connectionOf } from "../transactions";
import { endAttempts, StaleAmongMany } from "./job-attempt-end";
import { insertProgress } from "./job-progress";
import { placeholders, workTableOf, type WorkTable } from "./job-work-tables";
import { DrizzleWebhookOutbox } from "./webhook-outbox";

/** A wake may come a moment before its time by the database's clock; running a second early harms nothing. */
const EARLY_SECONDS = 1;

export interface AttemptStoreOptions {
  /** JOB_LEASE_SECONDS: how long a silent attempt keeps its row. */
  readonly leaseSeconds: number;
  /** Wakes the webhook deliveries of jobs that ended; without it the sweeper finds them. */
  readonly waker?: Waker;
}

/** Attempts over all tables that hold work. Each statement carries the attempt's token; all times are the database's clock. */
export class DrizzleAttemptStore implements AttemptStore {
  private readonly webhooks: DrizzleWebhookOutbox;

  constructor(
    private readonly database: Database,
    private readonly options: AttemptStoreOptions,
  ) {
    this.webhooks = new DrizzleWebhookOutbox(database, options.waker);
  }

  async take(task: QueuedTaskName, rowKeys: readonly string[]): Promise<readonly TakeOutcome[]> {
    const table = workTableOf(task);
    // Nobody else ever has this token, so whoever carries it afterwards was taken by this statement.
    const token = randomUUID();
    const rows = await this.database.writeAndSelect(
      {
        sql: takeStatement(table, rowKeys),
        params: [...this.takeTimes(task, table, token), ...rowKeys, EARLY_SECONDS],
      },
      { sql: takenStatement(table, rowKeys), params: rowKeys },
    );
    const byKey = new Map(rows.map((row) => [readText(row, table.key), row]));
    return rowKeys.map((rowKey) => toTakeOutcome(task, table, token, byKey.get(rowKey)));
  }

  private takeTimes(task: QueuedTaskName, table: WorkTable, token: string): (string | number)[] {
    const { leaseSeconds } = this.options;
    return table.name === "job_logs" ? [token, leaseSeconds, queuedTask(task).limitMs / 1000] : [token, leaseSeconds];
  }

  async renew(attempts: readonly Attempt[]): Promise<readonly Attempt[]> {
    const stale = await Promise.all([...groupByTable(attempts)].map(([table, group]) => this.renewIn(table, group)));
    return stale.flat();
  }

  private async renewIn(table: WorkTable, attempts: readonly Attempt[]): Promise<readonly Attempt[]> {
    const keys = attempts.map((attempt) => attempt.rowKey);
    const tokens = attempts.map((attempt) => attempt.token);
    const where = `${table.key} IN (${placeholders(keys)}) AND attempt_token IN (${placeholders(tokens)})`;
    const renewed = await this.database.transactions.run(async (tx) => {
      const connection = connectionOf(tx);
      // A row that its own handler is just writing keeps its lease until the next round; the others must not wait for it.
      const free = await connection.selectOnce(`SELECT id FROM ${table.name} WHERE ${where} FOR UPDATE SKIP LOCKED`, [
        ...keys,
        ...tokens,
      ]);
      if (free.length === 0) return 0;
      const ids = free.map((row) => readBigint(row, "id"));
      const { affectedRows } = await connection.writeOnce(
        `UPDATE ${table.name} SET attempt_lease_until = NOW(3) + INTERVAL ? SECOND WHERE id IN (${placeholders(ids)})`,
        [this.options.leaseSeconds, ...ids],
      );
      return affectedRows;
    });
    if (renewed === attempts.length) return [];
    const rows = await this.database.selectOnce(
      `SELECT ${table.key}, attempt_token FROM ${table.name} WHERE ${where}`,
      [...keys, ...tokens],
    );
    const held = new Set(rows.map((row) => `${readText(row, table.key)} ${readText(row, "attempt_token")}`));
    return attempts.filter((attempt) => !held.has(`${attempt.rowKey} ${attempt.token}`));
  }

  async listCancelRequested(attempts: readonly Attempt[]): Promise<readonly Attempt[]> {
    const jobs = attempts.filter((attempt) => attempt.job !== undefined);
    if (jobs.length === 0) return [];
    const keys = jobs.map((attempt) => attempt.rowKey);
    const rows = await this.database.selectOnce(
      `SELECT job_id FROM job_logs WHERE job_id IN (${placeholders(keys)}) AND cancel_requested AND status = 'running'`,
      keys,
    );
    const asked = new Set(rows.map((row) => readText(row, "job_id")));
    return jobs.filter((attempt) => asked.has(attempt.rowKey));
  }

  async end(ends: readonly AttemptEnding[]): Promise<readonly EndOutcome[]> {
    try {
      return await this.database.transactions.run((tx) => endAttempts(tx, ends, "bulk", this.webhooks));
    } catch (error) {
      if (!(error instanceof StaleAmongMany)) throw error;
      return this.database.transactions.run((tx) => endAttempts(tx, ends, "single", this.webhooks));
    }
  }

  async reportProgress(attempt: Attempt, lines: readonly ProgressLine[]): Promise<void> {
    const last = lines.at(-1);
    if (last === undefined) return;
    await this.database.transactions.run(async (tx) => {
      const connection = connectionOf(tx);
      const { affectedRows } = await connection.write(
        "UPDATE job_logs SET message = ?, event_seq = event_seq + ?, updated_at = NOW(3) WHERE job_id = ? AND attempt_token = ?",
        [last.message, lines.length, attempt.rowKey, attempt.token],
      );
      if (affectedRows === 0) throw new StaleAttempt(attempt);
      const [row] = await connection.select("SELECT id, event_seq FROM job_logs WHERE job_id = ?", [attempt.rowKey]);
      assert(row !== undefined, "a row just updated");
      insertProgress(tx, [{ jobRowId: readBigint(row, "id"), lastSeq: readInteger(row, "event_seq"), lines }]);
    });
  }

  async assertAttempt(tx: Tx, attempt: Attempt): Promise<void> {
    const table = workTableOf(attempt.task);
    const rows = await connectionOf(tx).select(
      `SELECT 1 FROM ${table.name} WHERE ${table.key} = ? AND attempt_token = ? FOR UPDATE`,
      [attempt.rowKey, attempt.token],
    );
    if (rows.length === 0) throw new StaleAttempt(attempt);
  }
}

function takeStatement(table: WorkTable, rowKeys: readonly string[]): string {
  const set =
    table.name === "job_logs"
      ? `status = 'running', attempt_token = ?, attempt_lease_until = NOW(3) + INTERVAL ? SECOND,
         attempt_deadline = NOW(3) + INTERVAL ? SECOND, started_at = NOW(3), updated_at = NOW(3)`
      : // A time the handler itself sets is then always later than this one, which is how the end tells them apart.
        "attempt_token = ?, attempt_lease_until = NOW(3) + INTERVAL ? SECOND, next_at = LEAST(next_at, NOW(3))";
  return `UPDATE ${table.name} SET ${set}
    WHERE ${table.key} IN (${placeholders(rowKeys)}) AND ${table.isRunnable} AND ${table.runAt} <= NOW(3) + INTERVAL ? SECOND`;
}

function takenStatement(table: WorkTable, rowKeys: readonly string[]): string {
  const jobColumns = ", payload, job_type, owner, request_id, trace, created_at, max_attempts";
  return `SELECT id, ${table.key}, attempt_token, wake_seq, ${table.tries} AS tries, ${table.runAt} AS run_at, NOW(3) AS taken_at,
      (${table.isRunnable}) AS is_runnable${table.name === "job_logs" ? jobColumns : ""}
    FROM ${table.name} WHERE ${table.key} IN (${placeholders(rowKeys)})`;
}

function toTakeOutcome(task: QueuedTaskName, table: WorkTable, token: string, row: Row | undefined): TakeOutcome {
  if (row === undefined) return { kind: "dropped" };
  if (nullable(row, "attempt_token", readText) === token)
    return { kind: "taken", attempt: toAttempt(task, table, token, row) };
  return readInteger(row, "is_runnable") === 1
    ? { kind: "early", runAt: readDate(row, "run_at") }
    : { kind: "dropped" };
}

function toAttempt(task: QueuedTaskName, table: WorkTable, token: string, row: Row): Attempt {
  const isJob = table.name === "job_logs";
  return {
    task,
    rowKey: readText(row, table.key),
    token,
    wakeSeq: readInteger(row, "wake_seq"),
    tries: {
      used: readInteger(row, "tries"),
      max: isJob ? readInteger(row, "max_attempts") : queuedTask(task).triesMax,
    },
    startedAt: readDate(row, "taken_at"),
    job: isJob ? toAttemptJob(row) : undefined,
  };
}

function toAttemptJob(row: Row): NonNullable<Attempt["job"]> {
  return {
    id: readBigint(row, "id"),
    payload: readJson(row, "payload"),
    jobType: readText(row, "job_type"),
    owner: readText(row, "owner"),
    requestId: nullable(row, "request_id", readText),
    trace: nullable(row, "trace", readText),
    createdAt: readDate(row, "created_at"),
  };
}

function groupByTable(attempts: readonly Attempt[]): ReadonlyMap<WorkTable, readonly Attempt[]> {
  const groups = new Map<WorkTable, Attempt[]>();
  for (const attempt of attempts) {
    const table = workTableOf(attempt.task);
    groups.set(table, [...(groups.get(table) ?? []), attempt]);
  }
  return groups;
}
