import { SERVICE_REQUEST_KIND } from "@arkrelay/core/nostr/kinds";
import type { ResultStore } from "@arkrelay/core/ports/session-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";

import type { Database } from "../connection";
import { DuplicateKeyError } from "../driver-errors";
import { readInteger, readText } from "../row";
import { connectionOf } from "../transactions";

/** results: the one outcome of an action. event_id is empty when nothing was published about it. */
export class DrizzleResultStore implements ResultStore {
  constructor(private readonly database: Pick<Database, "select">) {}

  async insert(
    tx: Tx,
    result: {
      readonly authorPubkey: string;
      readonly refId: string;
      readonly kind: number;
      readonly eventId: string | undefined;
    },
  ): Promise<boolean> {
    try {
      await connectionOf(tx).write(
        "INSERT INTO results (author_pubkey, ref_id, kind, event_id, at) VALUES (?, ?, ?, ?, NOW(3))",
        [result.authorPubkey, result.refId, result.kind, result.eventId ?? ""],
      );
      return true;
    } catch (error) {
      if (error instanceof DuplicateKeyError) return false;
      throw error;
    }
  }

  async countLastMinute(kind: number, limit: number): Promise<number> {
    const [row] = await this.database.select(
      `SELECT COUNT(*) AS n FROM (
         (SELECT 1 FROM results WHERE at > NOW(3) - INTERVAL 1 MINUTE AND kind = ? AND event_id <> '' LIMIT ?)
         UNION ALL
         (SELECT 1 FROM nostr_events WHERE processed_at > NOW(3) - INTERVAL 1 MINUTE
            AND (kind = ? OR (status = 'refused' AND error_code IN ('duplicate_action', 'rate_limited'))) LIMIT ?)) AS recent`,
      [kind, limit, SERVICE_REQUEST_KIND, limit],
    );
    return readInteger(row ?? {}, "n");
  }

  async find(authorPubkey: string, refId: string) {
    const [row] = await this.database.select(
      "SELECT kind, event_id FROM results WHERE author_pubkey = ? AND ref_id = ?",
      [authorPubkey, refId],
    );
    if (row === undefined) return undefined;
    return { kind: readInteger(row, "kind"), eventId: readText(row, "event_id") || undefined };
  }
}
