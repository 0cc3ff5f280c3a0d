import type { GatewayVtxoBooks, UnbookedTransfers, UnbookedVtxo } from "@arkrelay/core/ports/gateway-vtxo-books";
import type { Tx } from "@arkrelay/core/ports/transactions";

import type { Database } from "../connection";
import { readBigint, readText } from "../row";
import { connectionOf } from "../transactions";
import { placeholders } from "./job-work-tables";

/** Ids per look-up. */
const IDS_MAX = 500;

/** Unfinalised transactions are few by the limits on them; more than this means that something is badly wrong. */
const TRANSFERS_MAX = 10_000;

/** The ledger's view of the gateway's own rows in vtxos, and of the transactions that will change them. */
export class DrizzleGatewayVtxoBooks implements GatewayVtxoBooks {
  constructor(private readonly database: Pick<Database, "select" | "selectOnce">) {}

  async listUnbooked(limit: number): Promise<readonly UnbookedVtxo[]> {
    const rows = await this.database.select(
      `SELECT v.vtxo_id, v.amount_sats FROM vtxos v WHERE v.is_booked = 0 AND v.kind <> 'user'
         AND NOT EXISTS (SELECT 1 FROM transactions t WHERE t.txid = v.txid)
         AND NOT EXISTS (SELECT 1 FROM payout_attempts p WHERE p.txid = v.txid)
         AND NOT EXISTS (SELECT 1 FROM settlements s WHERE s.candidate_txid = JSON_VALUE(v.commitment_txids, '$[0]')
           AND v.is_preconfirmed = 0 AND s.status = 'registering')
       ORDER BY v.id LIMIT ?`,
      [limit],
    );
    const units = await this.listUnits(rows.map((row) => readText(row, "vtxo_id")));
    return rows.map((row) => {
      const vtxoId = readText(row, "vtxo_id");
      return { vtxoId, amountSats: readBigint(row, "amount_sats"), units: units.get(vtxoId) ?? [] };
    });
  }

  private async listUnits(vtxoIds: readonly string[]): Promise<ReadonlyMap<string, UnbookedVtxo["units"]>> {
    const units = new Map<string, UnbookedVtxo["units"]>();
    if (vtxoIds.length === 0) return units;
    const rows = await this.database.selectOnce(
      `SELECT x.vtxo_id, a.asset_id, x.amount FROM vtxo_assets x JOIN assets a ON a.ark_asset_id = x.asset_id
       WHERE x.vtxo_id IN (${placeholders(vtxoIds)}) ORDER BY a.id`,
      vtxoIds,
    );
    for (const row of rows) {
      const vtxoId = readText(row, "vtxo_id");
      const carried = { assetId: readText(row, "asset_id"), amount: readBigint(row, "amount") };
      units.set(vtxoId, [...(units.get(vtxoId) ?? []), carried]);
    }
    return units;
  }

  async markBooked(tx: Tx, vtxoId: string): Promise<boolean> {
    const { affectedRows } = await connectionOf(tx).write(
      "UPDATE vtxos SET is_booked = 1 WHERE vtxo_id = ? AND is_booked = 0",
      [vtxoId],
    );
    return affectedRows === 1;
  }

  async markAllBooked(tx: Tx): Promise<void> {
    await connectionOf(tx).write("UPDATE vtxos SET is_booked = 1 WHERE is_booked = 0 AND kind <> 'user'");
  }

  async listUnbookedTransfers(): Promise<UnbookedTransfers> {
    const sessions = await this.database.select(
      `SELECT t.txid, i.vtxo_id FROM signing_sessions s
       JOIN session_txs t ON t.session_id = s.id AND t.role = 'ark'
       LEFT JOIN (session_inputs i JOIN vtxos v ON v.vtxo_id = i.vtxo_id AND v.kind <> 'user') ON i.session_id = s.id
       WHERE s.ceremony_state IN ('submitting','accepted','checkpoint_sigs_collected','finalizing') LIMIT ${TRANSFERS_MAX}`,
    );
    // A payout's inputs are the gateway's without exception.
    const payouts = await this.database.select(
      `SELECT a.txid, j.vtxo_id FROM payouts p
       JOIN payout_attempts a ON a.payout_id = p.id AND a.outcome IN ('open','accepted')
       JOIN JSON_TABLE(a.input_vtxo_ids, '$[*]' COLUMNS (vtxo_id VARCHAR(80) CHARACTER SET ascii COLLATE ascii_bin PATH '$')) j
       WHERE p.status NOT IN ('final','cancelled') LIMIT ${TRANSFERS_MAX}`,
    );
    // Of a batch that arkd may have made final: its commitment spends the inputs.
    const settlements = await this.database.select(
      `SELECT s.candidate_txid AS txid, v.vtxo_id FROM settlements s
       JOIN vtxos v ON v.locked_by = CONCAT('settlement:', s.batch_id)
       WHERE s.status = 'registering' AND s.candidate_txid IS NOT NULL LIMIT ${TRANSFERS_MAX}`,
    );
    const rows = [...sessions, ...payouts, ...settlements];
    return {
      txids: new Set(rows.map((row) => readText(row, "txid"))),
      inputVtxoIds: [...new Set(rows.flatMap((row) => (row["vtxo_id"] === null ? [] : [readText(row, "vtxo_id")])))],
    };
  }

  async filterBooked(vtxoIds: readonly string[]): Promise<ReadonlySet<string>> {
    const booked = new Set<string>();
    for (let start = 0; start < vtxoIds.length; start += IDS_MAX) {
      const ids = vtxoIds.slice(start, start + IDS_MAX);
      const rows = await this.database.selectOnce(
        `SELECT vtxo_id FROM vtxos WHERE is_booked = 1 AND vtxo_id IN (${placeholders(ids)})`,
        ids,
      );
      for (const row of rows) booked.add(readText(row, "vtxo_id"));
    }
    return booked;
  }

  async listExpired(limit: number): Promise<readonly string[]> {
    const rows = await this.database.select(
      "SELECT vtxo_id FROM vtxos WHERE kind <> 'user' AND status = 'expired' ORDER BY id LIMIT ?",
      [limit],
    );
    return rows.map((row) => readText(row, "vtxo_id"));
  }
}
