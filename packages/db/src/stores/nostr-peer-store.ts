import type { DmScheme, NostrPeers } from "@arkrelay/core/ports/nostr";
import type { Tx } from "@arkrelay/core/ports/transactions";

import type { Database } from "../connection";
import { readText } from "../row";
import { connectionOf } from "../transactions";

/** nostr_peers: how each peer encrypts. */
export class DrizzleNostrPeers implements NostrPeers {
  constructor(
    private readonly database: Pick<Database, "select">,
    /** NOSTR_DM_SCHEME, for peers we have not heard from. */
    private readonly defaultScheme: DmScheme,
  ) {}

  async findScheme(pubkey: string): Promise<DmScheme> {
    const [row] = await this.database.select("SELECT dm_scheme FROM nostr_peers WHERE pubkey = ?", [pubkey]);
    if (row === undefined) return this.defaultScheme;
    return readText(row, "dm_scheme") === "nip04" ? "nip04" : "nip44";
  }

  async remember(tx: Tx, pubkey: string, scheme: DmScheme): Promise<void> {
    await connectionOf(tx).write(
      `INSERT INTO nostr_peers (pubkey, dm_scheme, last_seen) VALUES (?, ?, NOW(3))
       ON DUPLICATE KEY UPDATE dm_scheme = VALUES(dm_scheme), last_seen = VALUES(last_seen)`,
      [pubkey, scheme],
    );
  }
}
