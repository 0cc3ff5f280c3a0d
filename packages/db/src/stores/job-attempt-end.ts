import type { Attempt, AttemptEnding, EndOutcome, ProgressLine } from "@arkrelay/core/jobs/attempt-store";
import { isJobTask } from "@arkrelay/core/jobs/catalog";
import type { AttemptEnd } from "@arkrelay/core/jobs/decide-attempt-end";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Wake } from "@arkrelay/core/ports/waker";
import type { WebhookOutbox } from "@arkrelay/core/ports/webhook-stores";

import { nullable, readDate, readFloat, readInteger, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf, writeLater } from "../transactions";
import { announceJobs, type EndedJob } from "./announce-jobs";
import { countJobs, type JobCount } from "./job-counters";
import { insertProgress, type ProgressOfJob } from "./job-progress";
import { readJobTask, readQueue, SINGLE_FLIGHT_PREFIX } from "./job-store";
import { placeholders, toWake, workTableOf, WORK_TABLES, type WorkTable } from "./job-work-tables";

/** One row at a time, or the completed ones in one statement: quicker by far, but only right while no attempt is stale. */
export type EndMode = "bulk" | "single";

/** In bulk mode: an attempt was stale, so nothing was ended; run the transaction again in single mode. */
export class StaleAmongMany extends Error {}

/**
 * Ends many attempts in one transaction: per row one compare-and-set on its token (a stale attempt writes nothing), then the
 * progress and history rows, what is announced, the counters last. Rows are ended in key order, so that two batches never wait for each other in a
 * circle.
 */
export async function endAttempts(
  tx: Tx,
  endings: readonly AttemptEnding[],
  mode: EndMode,
  webhooks: WebhookOutbox,
): Promise<readonly EndOutcome[]> {
  const connection = connectionOf(tx);
  const ordered = endings.toSorted((a, b) => (a.attempt.rowKey < b.attempt.rowKey ? -1 : 1));
  const completed = mode === "bulk" ? ordered.flatMap((ending) => toCompletion(ending)) : [];
  const ended = new Set<Attempt>(completed.map(({ attempt }) => attempt));
  await completeJobs(connection, completed);
  for (const ending of ordered.filter(({ attempt }) => !ended.has(attempt))) {
    if (await endRow(connection, ending)) ended.add(ending.attempt);
  }
  const alive = endings.filter(({ attempt }) => ended.has(attempt));
  const rows = await readRows(connection, alive);
  insertProgress(
    tx,
    alive.flatMap((ending) => toProgress(ending, rows.get(ending.attempt))),
  );
  insertHistory(
    tx,
    alive.filter(({ attempt, end }) => attempt.job !== undefined && !isWaiting(end)),
  );
  countJobs(
    tx,
    alive.flatMap((ending) => toCount(ending, rows.get(ending.attempt))),
  );
  await announceJobs(
    tx,
    webhooks,
    alive.flatMap((ending) => toEndedJob(ending)),
  );
  return endings.map(({ attempt }) => toOutcome(ended.has(attempt), attempt, rows.get(attempt)));
}

function toEndedJob({ attempt: { job }, end }: AttemptEnding): readonly EndedJob[] {
  if (job === undefined || isWaiting(end) || (end.kind !== "done" && end.kind !== "failed")) return [];
  const type = end.kind === "done" ? "job.completed" : "job.failed";
  return [{ id: job.id, owner: job.owner, type, requestId: job.requestId }];
}

/** Looks in again later; it may do so hundreds of times, so only what it comes to is history. */
function isWaiting(end: AttemptEnd): boolean {
  return end.kind === "done" && end.runAgainAt !== undefined;
}

interface Completion {
  readonly attempt: Attempt;
  readonly params: readonly SqlParam[];
}

function toCompletion({ attempt, end, progress = [] }: AttemptEnding): readonly Completion[] {
  if (attempt.job === undefined || end.kind !== "done" || end.runAgainAt !== undefined) return [];
  const result = end.result === undefined ? null : JSON.stringify(end.result);
  const message = end.message ?? progress.at(-1)?.message ?? null;
  return [{ attempt, params: [attempt.job.id, attempt.token, result, message, progress.length] }];
}

/** Joined by id: a text column of a derived table has the connection's character set, and no index would serve it. */
async function completeJobs(connection: SqlHandle, completions: readonly Completion[]): Promise<void> {
  if (completions.length === 0) return;
  const rows = completions.map((_completion, index) =>
    index === 0 ? "SELECT ? AS id, ? AS token, ? AS result, ? AS message, ? AS line_count" : "SELECT ?, ?, ?, ?, ?",
  );
  const { affectedRows } = await connection.writeOnce(
    `UPDATE (${rows.join(" UNION ALL ")}) e STRAIGHT_JOIN job_logs j ON j.id = e.id AND j.attempt_token = e.token
     SET attempt_token = NULL, attempt_lease_until = NULL, event_seq = event_seq + e.line_count, status = 'completed',
       attempts = attempts + 1, verdict = NULL, error_code = NULL, error = NULL, result_data = e.result,
       j.message = COALESCE(e.message, j.message), ${FINISHED}`,
    completions.flatMap(({ params }) => params),
  );
  if (affectedRows !== completions.length) throw new StaleAmongMany();
}

async function endRow(connection: SqlHandle, { attempt, end, progress }: AttemptEnding): Promise<boolean> {
  const table = workTableOf(attempt.task);
  const [set, params] =
    table.name === "job_logs" ? withProgress(progress ?? [], jobEnd(end)) : rowEnd(table, attempt, end);
  const { affectedRows } = await connection.write(
    `UPDATE ${table.name} SET attempt_token = NULL, attempt_lease_until = NULL, ${set} WHERE ${table.key} = ? AND attempt_token = ?`,
    [...params, attempt.rowKey, attempt.token],
  );
  return affectedRows === 1;
}

type SetClause = readonly [set: string, params: readonly SqlParam[]];

/** Before the end's own assignments, whose message takes the place of the last line's. */
function withProgress(lines: readonly ProgressLine[], [set, params]: SetClause): SetClause {
  const last = lines.at(-1);
  if (last === undefined) return [set, params];
  return [`event_seq = event_seq + ?, message = ?, ${set}`, [lines.length, last.message, ...params]];
}

const FINISHED = `finished_at = NOW(3), updated_at = NOW(3), attempt_deadline = NULL,
  duration_seconds = TIMESTAMPDIFF(MICROSECOND, started_at, NOW(3)) / 1000000,
  dedupe_key = IF(dedupe_key LIKE '${SINGLE_FLIGHT_PREFIX}%', NULL, dedupe_key)`;

const PENDING_AGAIN =
  "status = 'pending', attempt_deadline = NULL, wake_seq = wake_seq + 1, woken_at = NULL, updated_at = NOW(3)";

function jobEnd(end: AttemptEnd): SetClause {
  switch (end.kind) {
    case "done":
      if (end.runAgainAt !== undefined)
        return [
          `run_at = ?, lost_attempts = 0, message = COALESCE(?, message), ${PENDING_AGAIN}`,
          [end.runAgainAt, end.message ?? null],
        ];
      return [
        `status = 'completed', attempts = attempts + 1, verdict = NULL, error_code = NULL, error = NULL, result_data = ?,
         message = COALESCE(?, message), ${FINISHED}`,
        [end.result === undefined ? null : JSON.stringify(end.result), end.message ?? null],
      ];
    case "failed":
      return [
        `status = 'failed', attempts = attempts + 1, dead_at = NOW(3), verdict = ?, error_code = ?, error = ?, ${FINISHED}`,
        [end.verdict, end.errorCode, end.error.slice(0, ERROR_LENGTH)],
      ];
    case "cancelled":
      return [`status = 'cancelled', attempts = attempts + 1, ${FINISHED}`, []];
    case "retry":
      return [
        `attempts = attempts + 1, verdict = ?, error_code = ?, error = ?, run_at = NOW(3) + INTERVAL ? SECOND, ${PENDING_AGAIN}`,
        [end.verdict, end.errorCode, end.error.slice(0, ERROR_LENGTH), end.delayMs / 1000],
      ];
    case "handed_back":
      return [`run_at = NOW(3), ${PENDING_AGAIN}`, []];
  }
}

/** Width of the error columns. */
const ERROR_LENGTH = 1000;

/**
 * A row of another aggregate. `wake_seq` that grew since the attempt took the row means that somebody has news for it: it runs again,
 * at the time the last writer set. It is raised here only when the row shall run again, as the last assignment, because MariaDB
 * assigns from left to right.
 */
function rowEnd(table: WorkTable, attempt: Attempt, end: AttemptEnd): SetClause {
  const bump = "woken_at = IF(next_at IS NULL, woken_at, NULL), wake_seq = wake_seq + IF(next_at IS NULL, 0, 1)";
  const tries = `${table.tries} = ${table.tries} + 1`;
  switch (end.kind) {
    case "done":
    case "cancelled": {
      const againAt = end.kind === "done" ? (end.runAgainAt ?? null) : null;
      return [
        `${table.tries} = 0, lost_attempts = 0, next_at = IF(wake_seq > ?, LEAST(next_at, COALESCE(?, next_at)),
           COALESCE(?, IF(next_at > NOW(3), next_at, NULL))), ${bump}`,
        [attempt.wakeSeq, againAt, againAt],
      ];
    }
    case "failed":
      return [`${tries}, ${deadRow(table)} next_at = NULL`, deadParams(table, end.errorCode)];
    case "retry":
      return [
        `${tries}, lost_attempts = 0, next_at = IF(wake_seq > ?, LEAST(next_at, NOW(3) + INTERVAL ? SECOND), NOW(3) + INTERVAL ? SECOND), ${bump}`,
        [attempt.wakeSeq, end.delayMs / 1000, end.delayMs / 1000],
      ];
    case "handed_back":
      return [`next_at = NOW(3), ${bump}`, []];
  }
}

/** A stored event that cannot be processed is closed; a session is never touched, its own state machine ends it. */
function deadRow(table: WorkTable): string {
  return table.name === "nostr_events" ? "status = 'failed', error_code = ?, processed_at = NOW(3)," : "";
}

function deadParams(table: WorkTable, errorCode: string): readonly SqlParam[] {
  return table.name === "nostr_events" ? [errorCode] : [];
}

/** The rows as they are now, under their locks: their next wake, and what the counters need. */
async function readRows(connection: SqlHandle, endings: readonly AttemptEnding[]): Promise<ReadonlyMap<Attempt, Row>> {
  const rows = new Map<Attempt, Row>();
  for (const table of Object.values(WORK_TABLES)) {
    const attempts = endings.map(({ attempt }) => attempt).filter((attempt) => workTableOf(attempt.task) === table);
    if (attempts.length === 0) continue;
    const jobColumns = table.name === "job_logs" ? ", event_seq, queue, duration_seconds" : "";
    const found = await connection.selectOnce(
      `SELECT ${table.key}, ${table.wakeColumns}${jobColumns}, (${table.isRunnable}) AS is_runnable
       FROM ${table.name} WHERE ${table.key} IN (${placeholders(attempts)})`,
      attempts.map((attempt) => attempt.rowKey),
    );
    const byKey = new Map(found.map((row) => [readText(row, table.key), row]));
    for (const attempt of attempts) {
      const row = byKey.get(attempt.rowKey);
      if (row !== undefined) rows.set(attempt, row);
    }
  }
  return rows;
}

/** One INSERT for all. `attempt` counts every attempt, lost and handed back ones too, so it is taken from the history itself. */
function insertHistory(tx: Tx, endings: readonly AttemptEnding[]): void {
  if (endings.length === 0) return;
  const selects = endings.map(
    () =>
      `SELECT ?, (SELECT COALESCE(MAX(h.attempt), 0) + 1 FROM job_attempts h WHERE h.job_id = ?), ?, ?, NOW(3), ?, ?, ?`,
  );
  writeLater(
    tx,
    `INSERT INTO job_attempts (job_id, attempt, token, started_at, finished_at, outcome, error_code, error) ${selects.join(" UNION ALL ")}`,
    endings.flatMap(({ attempt, end }) => historyParams(attempt, end)),
  );
}

function historyParams(attempt: Attempt, end: AttemptEnd): readonly SqlParam[] {
  const id = attempt.job?.id ?? null;
  const failure = "errorCode" in end ? [end.errorCode, end.error.slice(0, ERROR_LENGTH)] : [null, null];
  return [id, id, attempt.token, attempt.startedAt, end.kind, ...failure];
}

function toProgress({ attempt, progress = [] }: AttemptEnding, row: Row | undefined): readonly ProgressOfJob[] {
  if (row === undefined || attempt.job === undefined || progress.length === 0) return [];
  return [{ jobRowId: attempt.job.id, lastSeq: readInteger(row, "event_seq"), lines: progress }];
}

function toCount({ attempt, end }: AttemptEnding, row: Row | undefined): readonly JobCount[] {
  if (row === undefined || !isJobTask(attempt.task)) return [];
  if (end.kind === "retry" || end.kind === "handed_back" || isWaiting(end)) return [];
  const event = end.kind === "done" ? "completed" : end.kind;
  const durationMs = (nullable(row, "duration_seconds", readFloat) ?? 0) * 1000;
  return [{ task: readJobTask(row), owner: readText(row, "owner"), queue: readQueue(row), event, durationMs }];
}

function toOutcome(isEnded: boolean, attempt: Attempt, row: Row | undefined): EndOutcome {
  if (!isEnded || row === undefined) return { kind: "stale" };
  const isRunnable = Number(row["is_runnable"]) === 1 && nullable(row, "run_at", readDate) !== undefined;
  const wake: Wake | undefined = isRunnable ? toWake(workTableOf(attempt.task), row) : undefined;
  return { kind: "ended", wake };
}
