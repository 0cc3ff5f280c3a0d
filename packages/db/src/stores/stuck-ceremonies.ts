import { POSTING_KINDS } from "@arkrelay/core/ledger/postings";
import type { StuckCeremonies, StuckCeremony } from "@arkrelay/core/ports/stuck-ceremonies";

import { readBigint, readBoolean, readDate, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";

/**
 * Challenge 2 is issued in the transaction that notes arkd's acceptance, and keeps its row however often it is sent again. A swap whose
 * members all presigned has none: it is told by the event of that step. Followers of a swap are their head's business.
 */
const SELECT = `SELECT s.session_id,
    COALESCE(MIN(c.created_at), (SELECT MIN(e.at) FROM session_events e WHERE e.session_id = s.id AND e.event = 'status'
      AND JSON_VALUE(e.data, '$.ceremony_state') = 'accepted'), s.updated_at) AS accepted_at, MAX(s.error_code IS NOT NULL) AS is_poisoned,
    COALESCE((SELECT SUM(v.amount_sats) FROM session_inputs i JOIN vtxos v ON v.vtxo_id = i.vtxo_id AND v.kind <> 'user'
      WHERE i.session_id = s.id), 0) AS gateway_sats
  FROM signing_sessions s LEFT JOIN signing_sessions m ON m.id = s.id OR m.head_id = s.id
    LEFT JOIN signing_challenges c ON c.session_id = m.id AND c.stage = 'checkpoint_txs'
  WHERE s.head_id IS NULL AND s.session_type <> 'lightning_lift' AND s.ceremony_state IN ('accepted', 'checkpoint_sigs_collected', 'finalizing')`;
const GROUP = "GROUP BY s.id, s.session_id";
const OLDEST = "ORDER BY accepted_at, s.id LIMIT ?";

/** signing_sessions that arkd has accepted and that wait for their end. */
export class DrizzleStuckCeremonies implements StuckCeremonies {
  constructor(private readonly database: Pick<SqlHandle, "select">) {}

  async list(acceptedBefore: Date, limit: number): Promise<readonly StuckCeremony[]> {
    const rows = await this.database.select(`${SELECT} ${GROUP} HAVING accepted_at <= ? OR is_poisoned ${OLDEST}`, [
      acceptedBefore,
      limit,
    ]);
    return rows.map(toStuckCeremony);
  }

  async listUnfrozen(acceptedBefore: Date, limit: number): Promise<readonly StuckCeremony[]> {
    const rows = await this.database.select(
      `${SELECT} AND NOT EXISTS (SELECT 1 FROM ledger_transactions t WHERE t.kind = ? AND t.business_id = s.session_id)
       ${GROUP} HAVING accepted_at <= ? ${OLDEST}`,
      [POSTING_KINDS.ceremonyFrozen, acceptedBefore, limit],
    );
    return rows.map(toStuckCeremony);
  }
}

function toStuckCeremony(row: Row): StuckCeremony {
  return {
    sessionId: readText(row, "session_id"),
    acceptedAt: readDate(row, "accepted_at"),
    gatewaySats: readBigint(row, "gateway_sats"),
    isPoisoned: readBoolean(row, "is_poisoned"),
  };
}
