import type { Database } from "../connection";
import { readBigint, readText } from "../row";

export interface WatchedScript {
  /** Output script, hex. */
  readonly script: string;
  readonly ownerPubkey: string;
}

const PAGE_SIZE = 1_000;

/** Which scripts are worth a stream at arkd. Reads vtxo_scripts, vtxos and signing_sessions; writes nothing. */
export class DrizzleWatchedScriptStore {
  constructor(private readonly database: Pick<Database, "select">) {}

  /** Every script of a key that has live VTXOs or a session under way. Others are read when they are used. */
  async list(): Promise<readonly WatchedScript[]> {
    const watched: WatchedScript[] = [];
    let afterId = 0n;
    for (;;) {
      const rows = await this.database.select(
        `SELECT s.id, s.script, s.owner_pubkey FROM vtxo_scripts s
         WHERE s.id > ? AND (
           EXISTS (SELECT 1 FROM vtxos v WHERE v.owner_pubkey = s.owner_pubkey AND v.status IN ('available', 'assigned'))
           OR EXISTS (SELECT 1 FROM signing_sessions g WHERE g.user_pubkey = s.owner_pubkey
             AND g.status IN ('initiated', 'challenge_sent', 'awaiting_signature', 'signing')))
         ORDER BY s.id LIMIT ?`,
        [afterId, PAGE_SIZE],
      );
      for (const row of rows) {
        watched.push({ script: readText(row, "script"), ownerPubkey: readText(row, "owner_pubkey") });
        afterId = readBigint(row, "id");
      }
      if (rows.length < PAGE_SIZE) return watched;
    }
  }
}
