import { assert, isErrorCode, type ErrorCode } from "@arkrelay/core/errors";
import { findTag, nostrEventSchema } from "@arkrelay/core/nostr/nostr-event";
import { requestKeyOf } from "@arkrelay/core/nostr/request-key";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import type { NewNostrEvent, NostrEventStore, StoredNostrEvent } from "@arkrelay/core/ports/nostr-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Wake } from "@arkrelay/core/ports/waker";

import type { Database } from "../connection";
import { isDuplicateKey } from "../driver-errors";
import { nullable, readDate, readText, type Row } from "../row";
import { connectionOf } from "../transactions";

/** Tags are the author's: a longer `d` is cut here, while the event itself is kept whole. */
const D_TAG_LENGTH = 255;

const STATUSES = ["received", "processed", "refused", "failed"] as const;

/** The inbound side of nostr_events. */
export class DrizzleNostrEventStore implements NostrEventStore {
  constructor(private readonly database: Pick<Database, "select">) {}

  async insert(tx: Tx, { event, relay, errorCode }: NewNostrEvent): Promise<Wake | undefined> {
    const connection = connectionOf(tx);
    try {
      await connection.write(
        `INSERT INTO nostr_events (event_id, kind, pubkey, d_tag, created_at, direction, relay, raw, status, error_code,
           received_at, wake_seq, next_at)
         VALUES (?, ?, ?, ?, ?, 'in', ?, ?, 'received', ?, NOW(3), 1, NOW(3))`,
        [
          event.id,
          event.kind,
          event.pubkey,
          findTag(event, "d")?.slice(0, D_TAG_LENGTH) ?? null,
          new Date(event.created_at * 1000),
          relay ?? null,
          JSON.stringify(event),
          errorCode ?? null,
        ],
      );
    } catch (error) {
      if (isDuplicateKey(error, "uq_nostr_events_event_id")) return undefined;
      throw error;
    }
    const [row] = await connection.select("SELECT next_at FROM nostr_events WHERE event_id = ?", [event.id]);
    assert(row !== undefined, "an event that was just stored");
    return { task: "nostr_process", rowKey: event.id, wakeSeq: 1, runAt: readDate(row, "next_at") };
  }

  async find(tx: Tx | undefined, eventId: string): Promise<StoredNostrEvent | undefined> {
    const handle = tx === undefined ? this.database : connectionOf(tx);
    const [row] = await handle.select(
      "SELECT raw, relay, received_at, status, error_code FROM nostr_events WHERE event_id = ? AND raw IS NOT NULL",
      [eventId],
    );
    return row === undefined ? undefined : toStoredEvent(row);
  }

  async claimRequest(tx: Tx, eventId: string, requestKey: string) {
    const connection = connectionOf(tx);
    try {
      const { affectedRows } = await connection.write(
        "UPDATE nostr_events SET request_key = ? WHERE event_id = ? AND request_key IS NULL",
        [requestKey, eventId],
      );
      return { eventId, isNew: affectedRows === 1 };
    } catch (error) {
      if (!isDuplicateKey(error, "uq_nostr_events_request_key")) throw error;
      const [row] = await connection.select("SELECT event_id FROM nostr_events WHERE request_key = ?", [requestKey]);
      assert(row !== undefined, "the event that holds a request key");
      return { eventId: readText(row, "event_id"), isNew: false };
    }
  }

  async close(tx: Tx, event: NostrEvent, errorCode: ErrorCode | undefined): Promise<void> {
    const requestKey = errorCode === undefined ? requestKeyOf(event) : undefined;
    const status = errorCode === undefined ? "processed" : "refused";
    const write = (key: string | null): Promise<unknown> =>
      connectionOf(tx).write(
        `UPDATE nostr_events SET status = ?, error_code = ?, request_key = COALESCE(?, request_key), processed_at = NOW(3)
         WHERE event_id = ?`,
        [status, errorCode ?? null, key, event.id],
      );
    try {
      await write(requestKey ?? null);
    } catch (error) {
      if (!isDuplicateKey(error, "uq_nostr_events_request_key")) throw error;
      await write(null);
    }
  }
}

function toStoredEvent(row: Row): StoredNostrEvent {
  const status = readText(row, "status");
  const known = STATUSES.find((name) => name === status);
  assert(known !== undefined, `nostr_events has the unknown status ${status}`);
  const errorCode = nullable(row, "error_code", readText);
  return {
    event: nostrEventSchema.parse(JSON.parse(readText(row, "raw"))),
    relay: nullable(row, "relay", readText),
    receivedAt: readDate(row, "received_at"),
    status: known,
    errorCode: errorCode !== undefined && isErrorCode(errorCode) ? errorCode : undefined,
  };
}
