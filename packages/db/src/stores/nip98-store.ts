import { isDuplicateKey } from "../driver-errors";
import type { SqlHandle } from "../sql-handle";

/** Remembers the ids of NIP-98 events, so that each signed request counts once, over all replicas. */
export class DrizzleNip98Store {
  constructor(private readonly database: SqlHandle) {}

  /**
   * True for the first caller with this id, false for every other one, also at the same moment. Commits by itself, before
   * the handler: a crash in between costs the caller a signature, never a second effect. `until` = created_at + 180 s.
   */
  async markSeen(eventId: string, until: Date): Promise<boolean> {
    try {
      await this.database.write("INSERT INTO nip98_seen (event_id, expires_at) VALUES (?, ?)", [eventId, until]);
      return true;
    } catch (error) {
      if (isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** Deletes up to `limit` ids that can no longer be replayed; returns how many. */
  async prune(limit: number): Promise<number> {
    const { affectedRows } = await this.database.write("DELETE FROM nip98_seen WHERE expires_at < NOW(3) LIMIT ?", [
      limit,
    ]);
    return affectedRows;
  }
}
