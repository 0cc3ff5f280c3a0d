import { assert } from "@arkrelay/core/errors";
import type { IntentStore, NewIntent, StoredIntent } from "@arkrelay/core/ports/session-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";

import type { Database } from "../connection";
import { DuplicateKeyError } from "../driver-errors";
import { nullable, readBigint, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";

/** intents: at most one per (pubkey, namespace, action_id), for ever. */
export class DrizzleIntentStore implements IntentStore {
  constructor(private readonly database: Pick<Database, "select">) {}

  find(pubkey: string, namespace: string, actionId: string): Promise<StoredIntent | undefined> {
    return findIn(this.database, pubkey, namespace, actionId);
  }

  async insert(tx: Tx, intent: NewIntent) {
    const connection = connectionOf(tx);
    try {
      const { insertId } = await connection.write(
        `INSERT INTO intents (pubkey, namespace, action_id, event_id, type, params, content_hash, network, expires_at, fee_asset_id,
           fee_amount, status, raw_event, legacy, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(3))`,
        [
          intent.pubkey,
          intent.namespace,
          intent.actionId,
          intent.eventId ?? null,
          intent.type,
          JSON.stringify(intent.params),
          intent.contentHash,
          intent.network,
          intent.expiresAt,
          intent.feeAssetId ?? null,
          intent.feeAmount ?? null,
          intent.status,
          intent.rawEvent ?? null,
          intent.legacy,
        ],
      );
      return { outcome: "inserted", intentId: BigInt(insertId) } as const;
    } catch (error) {
      if (!(error instanceof DuplicateKeyError)) throw error;
      const stored = await findIn(connection, intent.pubkey, intent.namespace, intent.actionId);
      assert(stored !== undefined, `intent ${intent.actionId} collides with another one's event`);
      const outcome = stored.contentHash === intent.contentHash ? "replay" : "duplicate";
      return { outcome, intentId: stored.intentId } as const;
    }
  }

  async release(tx: Tx, intentId: bigint): Promise<void> {
    await connectionOf(tx).write("UPDATE intents SET status = 'stored' WHERE id = ? AND status = 'accepted'", [
      intentId,
    ]);
  }

  async acceptStored(tx: Tx, intentId: bigint): Promise<boolean> {
    const { affectedRows } = await connectionOf(tx).write(
      "UPDATE intents SET status = 'accepted' WHERE id = ? AND status = 'stored'",
      [intentId],
    );
    return affectedRows === 1;
  }
}

async function findIn(handle: Pick<SqlHandle, "select">, pubkey: string, namespace: string, actionId: string) {
  const [row] = await handle.select(
    "SELECT id, content_hash, event_id FROM intents WHERE pubkey = ? AND namespace = ? AND action_id = ?",
    [pubkey, namespace, actionId],
  );
  return row === undefined ? undefined : toIntent(row);
}

function toIntent(row: Row): StoredIntent {
  return {
    intentId: readBigint(row, "id"),
    contentHash: readText(row, "content_hash"),
    eventId: nullable(row, "event_id", readText),
  };
}
