import { CHALLENGE_KIND, CONFIRMATION_KIND } from "@arkrelay/core/nostr/kinds";
import { findTag, nostrEventSchema } from "@arkrelay/core/nostr/nostr-event";
import type { NostrEvent, NostrOutbox } from "@arkrelay/core/ports/nostr";
import type { OutboxQueue, OutboxResult, OutboxRow } from "@arkrelay/core/ports/nostr-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";

import type { Database } from "../connection";
import { isDuplicateKey } from "../driver-errors";
import { nullable, readBigint, readDate, readFloat, readInteger, readText, type Row } from "../row";
import type { SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";

const ERROR_LENGTH = 500;

export interface NostrOutboxOptions {
  /** Every configured relay gets a row of each event. */
  readonly relays: readonly string[];
  /** Told about each insert, so that the relayer can be woken after the commit instead of waiting for its next look. */
  readonly onInsert?: () => void;
}

/** nostr_outbox as those who announce something write it. */
export class DrizzleNostrOutbox implements NostrOutbox {
  constructor(private readonly options: NostrOutboxOptions) {}

  async insert(tx: Tx, event: NostrEvent, subject: string): Promise<void> {
    const dTag = findTag(event, "d");
    if (isAddressable(event) && dTag !== undefined) await supersede(tx, event, dTag);
    for (const relay of this.options.relays) await insertRow(tx, event, dTag, relay, subject);
    this.options.onInsert?.();
  }

  async findLastCreatedAt(tx: Tx, kind: number, dTag: string): Promise<number | undefined> {
    const [row] = await connectionOf(tx).select(
      "SELECT raw FROM nostr_outbox WHERE kind = ? AND d_tag = ? ORDER BY id DESC LIMIT 1",
      [kind, dTag],
    );
    return row === undefined ? undefined : readEvent(row).created_at;
  }

  async resend(tx: Tx, eventId: string): Promise<void> {
    // created_at starts the day after which a relay is given up. What a newer event took the place of stays superseded.
    await connectionOf(tx).write(
      `UPDATE nostr_outbox SET status = 'pending', attempts = 0, next_at = NOW(3), created_at = NOW(3)
       WHERE event_id = ? AND status IN ('done', 'parked')`,
      [eventId],
    );
    this.options.onInsert?.();
  }

  async resendLast(tx: Tx, kind: number, dTag: string): Promise<void> {
    const [row] = await connectionOf(tx).select(
      "SELECT event_id FROM nostr_outbox WHERE kind = ? AND d_tag = ? ORDER BY id DESC LIMIT 1",
      [kind, dTag],
    );
    if (row !== undefined) await this.resend(tx, readText(row, "event_id"));
  }
}

/** NIP-01: relays keep one event per kind, pubkey and `d` in this range. */
function isAddressable(event: NostrEvent): boolean {
  return event.kind >= 30_000 && event.kind < 40_000;
}

/** Relays would drop an older event of this `d` anyway, and answer as if they had kept it. */
async function supersede(tx: Tx, event: NostrEvent, dTag: string): Promise<void> {
  await connectionOf(tx).write(
    "UPDATE nostr_outbox SET status = 'superseded' WHERE kind = ? AND d_tag = ? AND status = 'pending' AND event_id <> ?",
    [event.kind, dTag, event.id],
  );
}

async function insertRow(
  tx: Tx,
  event: NostrEvent,
  dTag: string | undefined,
  relay: string,
  subject: string,
): Promise<void> {
  try {
    await connectionOf(tx).write(
      `INSERT INTO nostr_outbox (event_id, kind, d_tag, relay, raw, subject, status, next_at, created_at)
       VALUES (?, ?, ?, ?, ?, ?, 'pending', NOW(3), NOW(3))`,
      [event.id, event.kind, dTag ?? null, relay, JSON.stringify(event), subject],
    );
  } catch (error) {
    // The same event once more: its row is there already.
    if (!isDuplicateKey(error, "uq_nostr_outbox_event_relay")) throw error;
  }
}

const ROW_COLUMNS = "id, relay, raw, attempts, created_at";
/** Somebody waits for these; everything else can wait for them. */
const URGENT_KINDS = `(${CHALLENGE_KIND}, ${CONFIRMATION_KIND})`;

/** nostr_outbox as the relayer drains it. */
export class DrizzleOutboxQueue implements OutboxQueue {
  constructor(private readonly database: Pick<Database, "select" | "write">) {}

  async listDue(relay: string, limit: number): Promise<readonly OutboxRow[]> {
    const urgent = await this.select(`kind IN ${URGENT_KINDS}`, relay, limit);
    if (urgent.length >= limit) return urgent;
    return [...urgent, ...(await this.select(`kind NOT IN ${URGENT_KINDS}`, relay, limit - urgent.length))];
  }

  async record(row: OutboxRow, result: OutboxResult): Promise<void> {
    const [set, params] = toAssignment(result);
    // A row that was superseded while it was under way stays superseded.
    await this.database.write(
      `UPDATE nostr_outbox SET attempts = attempts + 1, ${set} WHERE id = ? AND status = 'pending'`,
      [...params, row.id],
    );
  }

  async countAcks(eventId: string): Promise<number> {
    const [row] = await this.database.select(
      "SELECT COUNT(*) AS acks FROM nostr_outbox WHERE event_id = ? AND status = 'done'",
      [eventId],
    );
    return row === undefined ? 0 : readInteger(row, "acks");
  }

  async findOldestPendingSeconds(): Promise<number | undefined> {
    const [row] = await this.database.select(
      `SELECT TIMESTAMPDIFF(MICROSECOND, MIN(created_at), NOW(3)) / 1000000 AS age FROM nostr_outbox WHERE status = 'pending'`,
    );
    return row === undefined ? undefined : nullable(row, "age", readFloat);
  }

  private async select(condition: string, relay: string, limit: number): Promise<readonly OutboxRow[]> {
    const rows = await this.database.select(
      `SELECT ${ROW_COLUMNS} FROM nostr_outbox
       WHERE relay = ? AND status = 'pending' AND next_at <= NOW(3) AND ${condition} ORDER BY next_at, id LIMIT ?`,
      [relay, limit],
    );
    return rows.map(toOutboxRow);
  }
}

function toAssignment(result: OutboxResult): readonly [set: string, params: readonly SqlParam[]] {
  if (result.kind === "done") return ["status = 'done', acked_at = NOW(3), last_error = NULL", []];
  const error = result.error.slice(0, ERROR_LENGTH);
  if (result.kind === "expired") return ["status = 'superseded', last_error = ?", [error]];
  if (result.kind === "parked") return ["status = 'parked', last_error = ?", [error]];
  return ["next_at = NOW(3) + INTERVAL ? SECOND, last_error = ?", [result.delayMs / 1000, error]];
}

function toOutboxRow(row: Row): OutboxRow {
  return {
    id: readBigint(row, "id"),
    event: readEvent(row),
    relay: readText(row, "relay"),
    attempts: readInteger(row, "attempts"),
    createdAt: readDate(row, "created_at"),
  };
}

function readEvent(row: Row): NostrEvent {
  return nostrEventSchema.parse(JSON.parse(readText(row, "raw")));
}
