import type {
  OpenJob,
  OpenPayment,
  OpenPayout,
  OpenSession,
  OpenWork,
  TimelineAnchors,
  TimelineEntry,
  TimelineSource,
  TimelineStore,
  Undelivered,
} from "@arkrelay/core/ports/timeline-store";

import type { Database } from "../connection";
import { nullable, readBoolean, readDate, readInteger, readText, type Row } from "../row";
import { findTimelineAnchors } from "./find-timeline-anchors";
import { placeholders } from "./job-work-tables";
import { timelineSources } from "./timeline-entries";

/** Of each kind of open work; the first reason is the one that is told. */
const OPEN_MAX = 20;
/** What a relay or daemon says may be long. */
const OUTCOME_LENGTH = 300;

/** Reads of everything that happened to one id, over all tables. Writes nothing. */
export class DrizzleTimelineStore implements TimelineStore {
  constructor(private readonly database: Pick<Database, "selectOnce">) {}

  findAnchors(id: string): Promise<TimelineAnchors | undefined> {
    return findTimelineAnchors(this.database, id);
  }

  async listEntries(anchors: TimelineAnchors, limit: number): Promise<readonly TimelineEntry[]> {
    const sources = timelineSources(anchors);
    const rows = await Promise.all(
      sources.map(({ text, values }) => this.database.selectOnce(`${text} LIMIT ?`, [...values, limit])),
    );
    return rows.flat().map(toEntry);
  }

  async readOpenWork({ names, sessionRowIds, jobRowIds, payoutIds }: TimelineAnchors): Promise<OpenWork> {
    const [sessions, payments, payouts, jobs, undelivered] = await Promise.all([
      this.rowsOf(
        `SELECT s.session_id, s.status, s.ceremony_state, s.prepare_since IS NOT NULL AS is_prepared, s.expires_at, s.next_at,
           s.attempt_lease_until, c.challenge_id, c.stage, c.expires_at AS challenge_expires_at
         FROM signing_sessions s LEFT JOIN signing_challenges c ON c.session_id = s.id AND c.open_key IS NOT NULL
         WHERE s.status NOT IN ('completed','failed','expired') AND s.id IN`,
        sessionRowIds,
      ),
      this.rowsOf(
        `SELECT operation_id, invoice_type, status, expires_at, unknown_since, last_error, next_at, attempt_lease_until
         FROM lightning_invoices WHERE status NOT IN ('paid','lost','expired','cancelled','refunded') AND operation_id IN`,
        names,
      ),
      this.rowsOf(
        `SELECT payout_key, status, next_at, attempt_lease_until FROM payouts WHERE status NOT IN ('final','cancelled') AND id IN`,
        payoutIds,
      ),
      this.rowsOf(
        `SELECT job_id, status, attempts, error_code, message, IF(status = 'pending', run_at, NULL) AS next_at, attempt_lease_until
         FROM job_logs WHERE status IN ('pending','running','failed') AND id IN`,
        jobRowIds,
      ),
      this.rowsOf(
        `SELECT event_id, relay, status, last_error FROM nostr_outbox
         WHERE (status = 'parked' OR (status = 'pending' AND attempts > 0)) AND subject IN`,
        names,
      ),
    ]);
    return {
      sessions: sessions.map(toOpenSession),
      payments: payments.map(toOpenPayment),
      payouts: payouts.map(toOpenPayout),
      jobs: jobs.map(toOpenJob),
      undelivered: undelivered.map(toUndelivered),
    };
  }

  private rowsOf(text: string, ids: readonly (string | bigint)[]): Promise<readonly Row[]> {
    if (ids.length === 0) return Promise.resolve([]);
    return this.database.selectOnce(`${text} (${placeholders(ids)}) LIMIT ${OPEN_MAX}`, ids);
  }
}

function toEntry(row: Row): TimelineEntry {
  return {
    at: readDate(row, "at"),
    source: readText(row, "source") as TimelineSource,
    what: readText(row, "what"),
    ref: readText(row, "ref"),
    durationMs: nullable(row, "duration_ms", readInteger),
    outcome: nullable(row, "outcome", readText)?.slice(0, OUTCOME_LENGTH),
  };
}

function toDue(row: Row) {
  return {
    nextAt: nullable(row, "next_at", readDate),
    leaseUntil: nullable(row, "attempt_lease_until", readDate),
  };
}

function toOpenSession(row: Row): OpenSession {
  const challengeId = nullable(row, "challenge_id", readText);
  return {
    ...toDue(row),
    sessionId: readText(row, "session_id"),
    status: readText(row, "status"),
    ceremonyState: readText(row, "ceremony_state"),
    isPrepared: readBoolean(row, "is_prepared"),
    expiresAt: nullable(row, "expires_at", readDate),
    challenge:
      challengeId === undefined
        ? undefined
        : { challengeId, stage: readText(row, "stage"), expiresAt: readDate(row, "challenge_expires_at") },
  };
}

function toOpenPayment(row: Row): OpenPayment {
  return {
    ...toDue(row),
    operationId: readText(row, "operation_id"),
    type: readText(row, "invoice_type") === "lift" ? "lift" : "land",
    status: readText(row, "status"),
    expiresAt: readDate(row, "expires_at"),
    unknownSince: nullable(row, "unknown_since", readDate),
    lastError: nullable(row, "last_error", readText),
  };
}

function toOpenPayout(row: Row): OpenPayout {
  return { ...toDue(row), key: readText(row, "payout_key"), status: readText(row, "status") };
}

function toOpenJob(row: Row): OpenJob {
  return {
    ...toDue(row),
    jobId: readText(row, "job_id"),
    status: readText(row, "status"),
    attempts: readInteger(row, "attempts"),
    errorCode: nullable(row, "error_code", readText),
    message: nullable(row, "message", readText),
  };
}

function toUndelivered(row: Row): Undelivered {
  return {
    eventId: readText(row, "event_id"),
    relay: readText(row, "relay"),
    status: readText(row, "status"),
    lastError: nullable(row, "last_error", readText),
  };
}
