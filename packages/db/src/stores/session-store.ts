import { AppError } from "@arkrelay/core/errors";
import type {
  NewSession,
  NewSessionEvent,
  SessionChange,
  SessionEvent,
  SessionFilter,
  SessionStore,
} from "@arkrelay/core/ports/session-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Session, SessionWatch } from "@arkrelay/core/session/session";

import type { Database } from "../connection";
import { nullable, readDate, readInteger, readJson, readText } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";
import { countUnderLock } from "./counter-store";
import { NO_OBSERVER, type SessionObserver } from "./session-observer";
import { readWatch, SESSION_COLUMNS, toIntentJson, toRenewalReserveJson, toSession } from "./session-row";

/**
 * Not terminal, and not final at arkd either: what counts against a key's quota. A lift takes nothing of its user and has limits of
 * its own.
 */
const IS_OPEN = `status IN ('initiated','challenge_sent','awaiting_signature','signing')
  AND ceremony_state NOT IN ('finalized','published') AND session_type <> 'lightning_lift'`;

/** arkd may or does have it, and it is not final: what waits for its user. A lift's delivery waits for nobody but us. */
const IS_UNFINALISED = `ceremony_state IN ('submitting','accepted','checkpoint_sigs_collected','finalizing')
  AND session_type <> 'lightning_lift'`;

const SELECT_FOLLOWERS = `SELECT ${SESSION_COLUMNS} FROM signing_sessions s WHERE s.head_id = ? ORDER BY s.id`;

const IS_BEFORE_HAND_OVER = "ceremony_state IN ('intent_received','ark_tx_prepared','ark_sigs_collected')";

/** signing_sessions and session_events. */
export class DrizzleSessionStore implements SessionStore {
  constructor(
    private readonly database: Pick<Database, "select" | "selectOnce" | "transactions">,
    private readonly observer: SessionObserver = NO_OBSERVER,
  ) {}

  async insert(tx: Tx, session: NewSession, events: readonly NewSessionEvent[]): Promise<Session> {
    const connection = connectionOf(tx);
    // A session that nobody drives is still due once: at its end.
    const nextAt = session.prepareSince ?? session.expiresAt;
    const { insertId } = await connection.write(
      `INSERT INTO signing_sessions (session_id, user_pubkey, session_type, status, ceremony_state, current_step, steps, intent_id,
         intent_data, context, batch_id, head_id, created_by, owner_proven, delivery, auto_start, prepare_since, expires_at, created_at, updated_at,
         version, event_seq, wake_seq, next_at)
       VALUES (?, ?, ?, 'initiated', 'intent_received', 1, '[]', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(3), NOW(3), 1, ?, 1, ?)`,
      [
        session.sessionId,
        session.userPubkey,
        session.sessionType,
        session.intentId ?? null,
        toIntentJson(session.intent, session.intentEventId),
        JSON.stringify(session.context),
        session.batchId ?? null,
        session.headId ?? null,
        session.createdBy,
        session.ownerProven,
        session.delivery,
        session.autoStart,
        session.prepareSince ?? null,
        session.expiresAt,
        events.length,
        nextAt,
      ],
    );
    const id = BigInt(insertId);
    this.database.transactions.afterEnd(tx, async (isCommitted) => {
      if (isCommitted) this.observer.sessionCreated(session.sessionType);
    });
    await insertEvents(connection, id, events);
    return this.getById(connection, id);
  }

  async find(sessionId: string): Promise<Session | undefined> {
    const [row] = await this.database.select(
      `SELECT ${SESSION_COLUMNS} FROM signing_sessions s WHERE s.session_id = ?`,
      [sessionId],
    );
    return row === undefined ? undefined : toSession(row);
  }

  async findRow(id: bigint): Promise<Session | undefined> {
    const [row] = await this.database.select(`SELECT ${SESSION_COLUMNS} FROM signing_sessions s WHERE s.id = ?`, [id]);
    return row === undefined ? undefined : toSession(row);
  }

  async findByIntent(tx: Tx, intentId: bigint): Promise<Session | undefined> {
    const [row] = await connectionOf(tx).select(
      `SELECT ${SESSION_COLUMNS} FROM signing_sessions s WHERE s.intent_id = ?`,
      [intentId],
    );
    return row === undefined ? undefined : toSession(row);
  }

  async lock(tx: Tx, sessionId: string): Promise<Session | undefined> {
    const [row] = await connectionOf(tx).select(
      `SELECT ${SESSION_COLUMNS} FROM signing_sessions s WHERE s.session_id = ? FOR UPDATE`,
      [sessionId],
    );
    return row === undefined ? undefined : toSession(row);
  }

  async lockHead(tx: Tx, headId: bigint): Promise<Session> {
    const [row] = await connectionOf(tx).select(
      `SELECT ${SESSION_COLUMNS} FROM signing_sessions s WHERE s.id = ? FOR UPDATE`,
      [headId],
    );
    if (row === undefined) throw new AppError("internal_error", { internal: `session row ${headId} is gone` });
    return toSession(row);
  }

  async lockFollowers(tx: Tx, headId: bigint): Promise<readonly Session[]> {
    const rows = await connectionOf(tx).select(`${SELECT_FOLLOWERS} FOR UPDATE`, [headId]);
    return rows.map(toSession);
  }

  async listFollowers(headId: bigint): Promise<readonly Session[]> {
    return (await this.database.select(SELECT_FOLLOWERS, [headId])).map(toSession);
  }

  async move(
    tx: Tx,
    session: Session,
    change: SessionChange,
    events: readonly NewSessionEvent[],
    fence: string | undefined,
  ): Promise<Session> {
    const connection = connectionOf(tx);
    const { assignments, values } = assignmentsOf(change);
    const fenced = fence === undefined ? "" : " AND attempt_token = ?";
    // The text depends on which fields change: a few dozen shapes, so it is sent without being prepared.
    const { affectedRows } = await connection.writeOnce(
      `UPDATE signing_sessions SET ${assignments.join(", ")}, version = version + 1, event_seq = event_seq + ?, updated_at = NOW(3)
       WHERE id = ? AND version = ?${fenced}`,
      [...values, events.length, session.id, session.version, ...(fence === undefined ? [] : [fence])],
    );
    if (affectedRows === 0) {
      throw new AppError("wrong_state", { internal: `session ${session.sessionId} was moved by somebody else` });
    }
    const written = await insertEvents(connection, session.id, events);
    // The queue raises wake_seq beside the compare-and-set, and the name of a wake must be the row's own.
    if (written === undefined || change.wakeAt !== undefined) return this.getById(connection, session.id);
    return afterMove(session, change, written);
  }

  async watch(tx: Tx, session: Session, watch: SessionWatch): Promise<void> {
    await connectionOf(tx).write("UPDATE signing_sessions SET watch = ? WHERE id = ?", [
      JSON.stringify(watch),
      session.id,
    ]);
  }

  async countOpenOfUser(tx: Tx, userPubkey: string) {
    const connection = connectionOf(tx);
    await lockUser(connection, userPubkey);
    const [row] = await connection.select(
      `SELECT COUNT(*) AS total, COALESCE(SUM(session_type = 'protocol_op'), 0) AS protocol_ops
       FROM signing_sessions WHERE user_pubkey = ? AND owner_proven AND ${IS_OPEN}`,
      [userPubkey],
    );
    const protocolOps = readInteger(row ?? {}, "protocol_ops");
    return { funded: readInteger(row ?? {}, "total") - protocolOps, protocolOps };
  }

  async countOpenUnproven(tx: Tx, createdBy: string, userPubkey: string) {
    const connection = connectionOf(tx);
    await lockCreator(connection, createdBy);
    const [row] = await connection.select(
      `SELECT COUNT(*) AS of_creator, COALESCE(SUM(user_pubkey = ?), 0) AS of_both
       FROM signing_sessions WHERE created_by = ? AND NOT owner_proven AND ${IS_OPEN}`,
      [userPubkey, createdBy],
    );
    return { ofCreator: readInteger(row ?? {}, "of_creator"), ofCreatorAndUser: readInteger(row ?? {}, "of_both") };
  }

  async countUnfinalised(tx: Tx | undefined, userPubkey: string, exceptSessionId: string) {
    if (tx !== undefined) await lockUser(connectionOf(tx), userPubkey);
    const handle = tx === undefined ? this.database : connectionOf(tx);
    const [row] = await handle.select(
      `SELECT COALESCE(SUM(head_id IS NULL), 0) AS total, COALESCE(SUM(user_pubkey = ?), 0) AS of_user
       FROM signing_sessions WHERE ${IS_UNFINALISED} AND session_id <> ?`,
      [userPubkey, exceptSessionId],
    );
    return { ofUser: readInteger(row ?? {}, "of_user"), total: readInteger(row ?? {}, "total") };
  }

  async countDrivenBefore(sessionId: string): Promise<number> {
    const [row] = await this.database.select(
      `SELECT COUNT(*) AS n FROM signing_sessions WHERE attempt_lease_until > NOW(3)
       AND id < (SELECT id FROM signing_sessions WHERE session_id = ?)`,
      [sessionId],
    );
    return readInteger(row ?? {}, "n");
  }

  async hasCompleted(userPubkey: string): Promise<boolean> {
    const rows = await this.database.select(
      "SELECT 1 FROM signing_sessions WHERE user_pubkey = ? AND status = 'completed' AND session_type <> 'protocol_op' LIMIT 1",
      [userPubkey],
    );
    return rows.length > 0;
  }

  async list(filter: SessionFilter, limit: number, beforeId: bigint | undefined): Promise<readonly Session[]> {
    const conditions = conditionsOf(filter);
    if (beforeId !== undefined) conditions.push(["s.id < ?", [beforeId]]);
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.map(([text]) => text).join(" AND ")}`;
    const rows = await this.database.select(
      `SELECT ${SESSION_COLUMNS} FROM signing_sessions s ${where} ORDER BY s.id DESC LIMIT ?`,
      [...conditions.flatMap(([, values]) => values), limit],
    );
    return rows.map(toSession);
  }

  async listExpired(now: Date, limit: number): Promise<readonly Session[]> {
    const rows = await this.database.select(
      `SELECT ${SESSION_COLUMNS} FROM signing_sessions s
       WHERE s.status IN ('initiated','challenge_sent','awaiting_signature','signing') AND s.expires_at <= ? AND ${IS_BEFORE_HAND_OVER}
         AND s.session_type <> 'lightning_lift' AND s.head_id IS NULL
       ORDER BY s.expires_at LIMIT ?`,
      [now, limit],
    );
    return rows.map(toSession);
  }

  async listEvents(sessionRowId: bigint, afterSeq: number, limit: number): Promise<readonly SessionEvent[]> {
    const rows = await this.database.select(
      "SELECT seq, event, data, at FROM session_events WHERE session_id = ? AND seq > ? ORDER BY seq LIMIT ?",
      [sessionRowId, afterSeq, limit],
    );
    return rows.map((row) => ({
      seq: readInteger(row, "seq"),
      event: readText(row, "event"),
      data: readJson(row, "data") as Readonly<Record<string, unknown>>,
      at: readDate(row, "at"),
    }));
  }

  private async getById(connection: SqlHandle, id: bigint): Promise<Session> {
    const [row] = await connection.select(`SELECT ${SESSION_COLUMNS} FROM signing_sessions s WHERE s.id = ?`, [id]);
    if (row === undefined) throw new AppError("internal_error", { internal: `session row ${id} is gone` });
    return toSession(row);
  }
}

/** The key's script rows stand for the key: whoever opens a session for it or hands one over queues up here. */
async function lockUser(connection: SqlHandle, userPubkey: string): Promise<void> {
  await connection.select("SELECT id FROM vtxo_scripts WHERE owner_pubkey = ? FOR UPDATE", [userPubkey]);
}

/** A creator has no row of its own, so its counter of such openings stands for it. */
async function lockCreator(connection: SqlHandle, createdBy: string): Promise<void> {
  await countUnderLock(connection, { scope: "unproven_sessions", subject: createdBy, name: "opened" });
}

function assignmentsOf(change: SessionChange): { assignments: string[]; values: SqlParam[] } {
  const assignments: string[] = [];
  const values: SqlParam[] = [];
  const set = (column: string, value: SqlParam | undefined): void => {
    if (value === undefined) return;
    assignments.push(`${column} = ?`);
    values.push(value);
  };
  set("status", change.status);
  set("ceremony_state", change.ceremonyState);
  set("current_step", change.currentStep);
  set("steps", change.completedSteps === undefined ? undefined : JSON.stringify(change.completedSteps));
  set("auto_start", change.autoStart);
  set("prepare_since", change.prepareSince);
  set("ark_params", change.arkParams === undefined ? undefined : JSON.stringify(change.arkParams));
  set("submit_state", change.submitState === undefined ? undefined : JSON.stringify(change.submitState));
  set("renewal_reserve", change.renewalReserve && toRenewalReserveJson(change.renewalReserve));
  set("signed_tx", change.signedTx);
  set("result_data", change.resultData === undefined ? undefined : JSON.stringify(change.resultData));
  set("error_code", change.errorCode);
  set("error_message", change.errorMessage);
  set("completed_at", change.completedAt);
  set("expires_at", change.expiresAt);
  set("intent_id", change.intentId);
  if (change.wakeAt !== undefined) {
    assignments.push("wake_seq = wake_seq + 1", "woken_at = NULL");
    set("next_at", change.wakeAt);
  }
  return { assignments, values };
}

/**
 * The row as an UPDATE without a wake has left it, told from the change: the compare-and-set proves that nothing else a
 * session shows had changed. Only `updatedAt` is the moment of the newest event instead, which the next statement wrote, and
 * `wakeSeq` is as old as `session`: it is read again by whoever sends a wake.
 */
function afterMove(session: Session, change: SessionChange, { at, lastSeq, watch }: Written): Session {
  const { wakeAt: _wakeAt, completedSteps: _steps, ...fields } = change;
  return {
    ...session,
    ...fields,
    prepareSince: orKept(change.prepareSince, session.prepareSince),
    intentId: orKept(change.intentId, session.intentId),
    renewalReserve: orKept(change.renewalReserve, session.renewalReserve),
    errorCode: orKept(change.errorCode, session.errorCode),
    errorMessage: orKept(change.errorMessage, session.errorMessage),
    updatedAt: at,
    version: session.version + 1,
    eventSeq: lastSeq,
    watch,
  };
}

/** `null` empties a column, undefined leaves it. */
function orKept<T>(changed: T | null | undefined, kept: T | undefined): T | undefined {
  return changed === undefined ? kept : (changed ?? undefined);
}

/** The id of a session that began with a 31510 is a digest of the event's; a lift that a 31500 asked for keeps the request. */
const IS_OPEN_BY_NOSTR = `(s.status IN ('initiated','challenge_sent','awaiting_signature','signing')
  AND (CHAR_LENGTH(s.session_id) = 64 OR JSON_EXISTS(s.context, '$.request')))`;

function conditionsOf(filter: SessionFilter): [string, SqlParam[]][] {
  const conditions: [string, SqlParam[]][] = [];
  if (filter.userPubkey !== undefined) conditions.push(["s.user_pubkey = ?", [filter.userPubkey]]);
  if (filter.createdBy !== undefined) conditions.push(["s.created_by = ?", [filter.createdBy]]);
  if (filter.status !== undefined) conditions.push(["s.status = ?", [filter.status]]);
  if (filter.sessionType !== undefined) conditions.push(["s.session_type = ?", [filter.sessionType]]);
  if (filter.openByNostr === true) conditions.push([IS_OPEN_BY_NOSTR, []]);
  if (filter.visibleTo !== undefined) {
    const { pubkey, principal } = filter.visibleTo;
    conditions.push(["(s.created_by = ? OR s.user_pubkey = ?)", [principal, pubkey ?? ""]]);
  }
  return conditions;
}

/** What the statement that wrote a session's events saw. */
interface Written {
  readonly at: Date;
  readonly lastSeq: number;
  /** The row's own: it may have been asked for after the session was read. */
  readonly watch: SessionWatch | undefined;
}

/**
 * The row's event_seq has been raised by their number. They are numbered by it and not by the session as it was read: its payment may
 * have told of itself in between (tell-payment.ts). undefined when there are none.
 */
async function insertEvents(
  connection: SqlHandle,
  sessionRowId: bigint,
  events: readonly NewSessionEvent[],
): Promise<Written | undefined> {
  if (events.length === 0) return undefined;
  const seq = "(SELECT s.event_seq FROM signing_sessions s WHERE s.id = ?) - ?";
  const rows = events.map(() => `(?, ${seq}, ?, ?, NOW(3))`).join(", ");
  const values = events.flatMap(({ event, data }, index): SqlParam[] => [
    sessionRowId,
    sessionRowId,
    events.length - 1 - index,
    event,
    JSON.stringify(data),
  ]);
  const written = await connection.select(
    `INSERT INTO session_events (session_id, seq, event, data, at) VALUES ${rows}
     RETURNING at, seq, (SELECT s.watch FROM signing_sessions s WHERE s.id = session_events.session_id) AS watch`,
    values,
  );
  const row = written.at(-1) ?? {};
  return { at: readDate(row, "at"), lastSeq: readInteger(row, "seq"), watch: nullable(row, "watch", readWatch) };
}
