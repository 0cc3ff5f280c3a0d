import { AppError, assert, isErrorCode, type Retry } from "@arkrelay/core/errors";
import { isJobTask, isTaskName, QUEUES, type JobTaskName, type QueueName } from "@arkrelay/core/jobs/catalog";
import type { Job, JobEvent } from "@arkrelay/core/jobs/job";
import { JOB_STATUSES, type JobStatus } from "@arkrelay/core/jobs/job-state";
import type { JobFilter, JobStats, JobStore, NewJob, PageRequest, QueueRows } from "@arkrelay/core/jobs/job-store";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Wake } from "@arkrelay/core/ports/waker";

import type { Database } from "../connection";
import { isDuplicateKey } from "../driver-errors";
import {
  nullable,
  readBigint,
  readBoolean,
  readDate,
  readFloat,
  readInteger,
  readJson,
  readText,
  type Row,
} from "../row";
import type { SqlParam } from "../sql-handle";
import { connectionOf, writeLater } from "../transactions";
import { countJobs, JOBS_SCOPE, OPEN_JOBS_SCOPE, type JobCount } from "./job-counters";
import { placeholders, toWake, WORK_TABLES } from "./job-work-tables";

/** A dedupe key with this prefix is set to null when its job ends, so that the next one may start. */
export const SINGLE_FLIGHT_PREFIX = "flight:";

const JOB_COLUMNS = `id, job_id, task, job_type, queue, status, message, result_data, owner, attempts, max_attempts, lost_attempts,
  verdict, error_code, error, run_at, cancel_requested, created_at, updated_at, started_at, finished_at, duration_seconds, dead_at`;

/** job_logs as everybody but its attempts and the sweeper writes it. */
export class DrizzleJobStore implements JobStore {
  constructor(private readonly database: Pick<Database, "select" | "selectOnce">) {}

  async insert(tx: Tx, job: NewJob): Promise<{ jobId: string; isNew: boolean }> {
    const dedupeKey = storedDedupeKey(job);
    for (let round = 0; round < INSERT_ROUNDS_MAX; round++) {
      if (await tryInsert(tx, job, dedupeKey)) {
        countJobs(tx, [{ task: job.task, owner: job.owner, queue: job.queue, event: "inserted" }]);
        return { jobId: job.jobId, isNew: true };
      }
      const jobId = await findJobIdByDedupeKey(tx, dedupeKey);
      if (jobId !== undefined) return { jobId, isNew: false };
    }
    throw new AppError("conflict", { internal: `jobs of ${dedupeKey} come and go` });
  }

  async findByJobId(jobId: string): Promise<Job | undefined> {
    const [row] = await this.database.select(`SELECT ${JOB_COLUMNS} FROM job_logs WHERE job_id = ?`, [jobId]);
    return row === undefined ? undefined : toJob(row);
  }

  async list(filter: JobFilter, page: PageRequest): Promise<readonly Job[]> {
    const conditions: [string, SqlParam][] = [];
    if (filter.status !== undefined) conditions.push(["status = ?", filter.status]);
    if (filter.jobType !== undefined) conditions.push(["job_type = ?", filter.jobType]);
    if (filter.owner !== undefined) conditions.push(["owner = ?", filter.owner]);
    if (page.beforeId !== undefined) conditions.push(["id < ?", page.beforeId]);
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.map(([text]) => text).join(" AND ")}`;
    // At most 16 texts (which filters are set), so preparing them is fine.
    const rows = await this.database.select(`SELECT ${JOB_COLUMNS} FROM job_logs ${where} ORDER BY id DESC LIMIT ?`, [
      ...conditions.map(([, value]) => value),
      page.limit,
    ]);
    return rows.map(toJob);
  }

  async listEvents(jobId: string, afterSeq: number, limit: number): Promise<readonly JobEvent[]> {
    const rows = await this.database.select(
      `SELECT e.seq, e.data, e.at FROM job_events e JOIN job_logs j ON j.id = e.job_id
       WHERE j.job_id = ? AND e.seq > ? ORDER BY e.seq LIMIT ?`,
      [jobId, afterSeq, limit],
    );
    return rows.map(toJobEvent);
  }

  async countOpen(tx: Tx, owner: string, queue: QueueName): Promise<{ inQueue: number; inAll: number }> {
    const [row] = await connectionOf(tx).select(
      "SELECT COALESCE(SUM(n), 0) AS in_all, COALESCE(SUM(IF(name = ?, n, 0)), 0) AS in_queue FROM counters WHERE scope = ? AND subject = ?",
      [queue, OPEN_JOBS_SCOPE, owner],
    );
    assert(row !== undefined, "an aggregate without GROUP BY always has a row");
    return { inQueue: readInteger(row, "in_queue"), inAll: readInteger(row, "in_all") };
  }

  async cancelPending(tx: Tx, jobId: string, reason: string | undefined): Promise<boolean> {
    const { affectedRows } = await connectionOf(tx).write(
      `UPDATE job_logs SET status = 'cancelled', message = COALESCE(?, message), finished_at = NOW(3), updated_at = NOW(3),
         dedupe_key = IF(dedupe_key LIKE '${SINGLE_FLIGHT_PREFIX}%', NULL, dedupe_key), wake_seq = wake_seq + 1
       WHERE job_id = ? AND status = 'pending'`,
      [reason ?? null, jobId],
    );
    if (affectedRows === 0) return false;
    countJobs(tx, [await readCount(tx, jobId, "cancelled")]);
    return true;
  }

  async requestCancel(tx: Tx, jobId: string): Promise<boolean> {
    const { affectedRows } = await connectionOf(tx).write(
      "UPDATE job_logs SET cancel_requested = TRUE, updated_at = NOW(3) WHERE job_id = ? AND status = 'running' AND committed_at IS NULL",
      [jobId],
    );
    return affectedRows === 1;
  }

  async hasOpenCall(tx: Tx, jobId: string): Promise<boolean> {
    const rows = await connectionOf(tx).select(
      "SELECT 1 FROM external_calls WHERE job_id = ? AND state IN ('sent', 'unknown') LIMIT 1",
      [jobId],
    );
    return rows.length > 0;
  }

  async reopen(tx: Tx, jobId: string, tries: number): Promise<Wake | undefined> {
    const { affectedRows } = await connectionOf(tx).write(
      `UPDATE job_logs SET status = 'pending', run_at = NOW(3), wake_seq = wake_seq + 1, woken_at = NULL, updated_at = NOW(3),
         max_attempts = attempts + ?, lost_attempts = 0, cancel_requested = FALSE, committed_at = NULL, dead_at = NULL,
         finished_at = NULL, duration_seconds = NULL, verdict = NULL, error_code = NULL, error = NULL
       WHERE job_id = ? AND status IN ('failed', 'cancelled')`,
      [tries, jobId],
    );
    if (affectedRows === 0) return undefined;
    const table = WORK_TABLES.job_logs;
    const [row] = await connectionOf(tx).select(`SELECT job_id, ${table.wakeColumns} FROM job_logs WHERE job_id = ?`, [
      jobId,
    ]);
    assert(row !== undefined, "a row just updated");
    countJobs(tx, [await readCount(tx, jobId, "reopened")]);
    return toWake(table, row);
  }

  async stats(): Promise<JobStats> {
    const [counts, running] = await Promise.all([
      this.database.select(
        "SELECT name, SUM(n) AS n, SUM(sum_ms) AS sum_ms FROM counters WHERE scope = ? GROUP BY name",
        [JOBS_SCOPE],
      ),
      this.database.select("SELECT COUNT(*) AS n FROM job_logs WHERE status = 'running'"),
    ]);
    const of = (name: string, column: string): number => {
      const row = counts.find((candidate) => readText(candidate, "name") === name);
      return row === undefined ? 0 : readInteger(row, column);
    };
    const completed = of("completed", "n");
    const failed = of("failed", "n");
    const tried = completed + failed;
    return {
      total: of("inserted", "n"),
      completed,
      failed,
      running: running[0] === undefined ? 0 : readInteger(running[0], "n"),
      averageDurationSeconds:
        tried === 0 ? undefined : (of("completed", "sum_ms") + of("failed", "sum_ms")) / tried / 1000,
    };
  }

  async listQueueRows(): Promise<readonly QueueRows[]> {
    const rows = await this.database.select(
      `SELECT queue, SUM(dead_at IS NOT NULL) AS failed,
         TIMESTAMPDIFF(MICROSECOND, MIN(IF(status = 'pending' AND run_at <= NOW(3), run_at, NULL)), NOW(3)) / 1000000 AS oldest_seconds
       FROM job_logs WHERE dead_at IS NOT NULL OR status = 'pending' GROUP BY queue`,
    );
    return QUEUES.map((queue) => {
      const row = rows.find((candidate) => readText(candidate, "queue") === queue);
      if (row === undefined) return { queue, failed: 0, oldestSeconds: undefined };
      return { queue, failed: readInteger(row, "failed"), oldestSeconds: nullable(row, "oldest_seconds", readFloat) };
    });
  }
}

/** As the transaction has left them, oldest first. */
export async function readJobsById(tx: Tx, ids: readonly bigint[]): Promise<readonly Job[]> {
  const rows = await connectionOf(tx).selectOnce(
    `SELECT ${JOB_COLUMNS} FROM job_logs WHERE id IN (${placeholders(ids)}) ORDER BY id`,
    ids,
  );
  return rows.map(toJob);
}

function storedDedupeKey(job: NewJob): string | null {
  if (job.dedupeKey === undefined) return null;
  return job.singleFlight ? `${SINGLE_FLIGHT_PREFIX}${job.dedupeKey}` : job.dedupeKey;
}

/** The holder of a single-flight key may end between our refused insert and our look at it; then the key is free. */
const INSERT_ROUNDS_MAX = 3;

async function tryInsert(tx: Tx, job: NewJob, dedupeKey: string | null): Promise<boolean> {
  const params = insertParams(job, dedupeKey);
  // Its id is new, so without a dedupe key nothing can be in its way.
  if (dedupeKey === null) {
    writeLater(tx, INSERT_JOB, params);
    return true;
  }
  try {
    await connectionOf(tx).write(INSERT_JOB, params);
    return true;
  } catch (error) {
    if (isDuplicateKey(error, "uq_job_logs_dedupe_key")) return false;
    throw error;
  }
}

const INSERT_JOB = `INSERT INTO job_logs (job_id, task, job_type, queue, status, payload, owner, request_id, trace, dedupe_key,
    max_attempts, priority, run_at, wake_seq, created_at, updated_at)
  VALUES (?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, 1, NOW(3), NOW(3))`;

function insertParams(job: NewJob, dedupeKey: string | null): readonly SqlParam[] {
  return [
    job.jobId,
    job.task,
    job.jobType,
    job.queue,
    JSON.stringify(job.payload),
    job.owner,
    job.requestId ?? null,
    job.trace ?? null,
    dedupeKey,
    job.maxAttempts,
    job.priority ?? null,
    job.runAt,
  ];
}

async function findJobIdByDedupeKey(tx: Tx, dedupeKey: string | null): Promise<string | undefined> {
  const [row] = await connectionOf(tx).select("SELECT job_id FROM job_logs WHERE dedupe_key = ?", [dedupeKey]);
  return row === undefined ? undefined : readText(row, "job_id");
}

async function readCount(tx: Tx, jobId: string, event: JobCount["event"]): Promise<JobCount> {
  const [row] = await connectionOf(tx).select("SELECT task, owner, queue FROM job_logs WHERE job_id = ?", [jobId]);
  assert(row !== undefined, "a row just updated");
  return { task: readJobTask(row), owner: readText(row, "owner"), queue: readQueue(row), event };
}

export function readJobTask(row: Row): JobTaskName {
  const task = readText(row, "task");
  assert(isTaskName(task) && isJobTask(task), `job_logs names the unknown task ${task}`);
  return task;
}

export function readQueue(row: Row): QueueName {
  const name = readText(row, "queue");
  const queue = QUEUES.find((candidate) => candidate === name);
  assert(queue !== undefined, `unknown queue ${name}`);
  return queue;
}

function readStatus(row: Row): JobStatus {
  const name = readText(row, "status");
  const status = JOB_STATUSES.find((candidate) => candidate === name);
  assert(status !== undefined, `unknown job status ${name}`);
  return status;
}

const VERDICTS: readonly Retry[] = ["never", "backoff", "reconcile"];

function toJob(row: Row): Job {
  const errorCode = nullable(row, "error_code", readText);
  const verdict = nullable(row, "verdict", readText);
  return {
    id: readBigint(row, "id"),
    jobId: readText(row, "job_id"),
    task: readJobTask(row),
    jobType: readText(row, "job_type"),
    queue: readQueue(row),
    status: readStatus(row),
    message: nullable(row, "message", readText),
    resultData: nullable(row, "result_data", readJson),
    owner: readText(row, "owner"),
    attempts: readInteger(row, "attempts"),
    maxAttempts: readInteger(row, "max_attempts"),
    lostAttempts: readInteger(row, "lost_attempts"),
    verdict: VERDICTS.find((candidate) => candidate === verdict),
    errorCode: errorCode !== undefined && isErrorCode(errorCode) ? errorCode : undefined,
    error: nullable(row, "error", readText),
    runAt: readDate(row, "run_at"),
    cancelRequested: readBoolean(row, "cancel_requested"),
    createdAt: readDate(row, "created_at"),
    updatedAt: readDate(row, "updated_at"),
    startedAt: nullable(row, "started_at", readDate),
    finishedAt: nullable(row, "finished_at", readDate),
    durationSeconds: nullable(row, "duration_seconds", readFloat),
    deadAt: nullable(row, "dead_at", readDate),
  };
}

function toJobEvent(row: Row): JobEvent {
  const data = readJson(row, "data") as JobEvent["data"];
  return { seq: readInteger(row, "seq"), event: "progress", data, at: readDate(row, "at") };
}
