import { readText } from "../row";
import type { SqlHandle } from "../sql-handle";

export interface WatchedIds {
  readonly sessions: readonly string[];
  readonly jobs: readonly string[];
}

export interface ChangeMarks {
  readonly sessions: ReadonlyMap<string, string>;
  readonly jobs: ReadonlyMap<string, string>;
}

/**
 * What changes whenever a watcher of the row has something to read, for many rows in one query: of a session its version and its
 * events (those of its payment leave the version alone), of a job what its stream tells (lines of progress, status, tries). A row that
 * is gone has no mark.
 */
export async function readChangeMarks(database: Pick<SqlHandle, "selectOnce">, ids: WatchedIds): Promise<ChangeMarks> {
  const parts: string[] = [];
  if (ids.sessions.length > 0) {
    parts.push(
      `SELECT 'session' AS kind, session_id AS id, CONCAT_WS('.', version, event_seq) AS mark FROM signing_sessions
       WHERE session_id IN (${placeholders(ids.sessions)})`,
    );
  }
  if (ids.jobs.length > 0) {
    parts.push(
      `SELECT 'job' AS kind, job_id AS id, CONCAT_WS('.', event_seq, status, attempts) AS mark FROM job_logs
       WHERE job_id IN (${placeholders(ids.jobs)})`,
    );
  }
  const marks = { sessions: new Map<string, string>(), jobs: new Map<string, string>() };
  if (parts.length === 0) return marks;
  // One text per number of watched rows: not worth preparing.
  for (const row of await database.selectOnce(parts.join(" UNION ALL "), [...ids.sessions, ...ids.jobs])) {
    const map = readText(row, "kind") === "session" ? marks.sessions : marks.jobs;
    map.set(readText(row, "id"), readText(row, "mark"));
  }
  return marks;
}

function placeholders(ids: readonly string[]): string {
  return ids.map(() => "?").join(", ");
}
