import type { Tx } from "@arkrelay/core/ports/transactions";
import type { ExpiredVtxos, VtxoExpiryStore } from "@arkrelay/core/ports/vtxo-expiry-store";
import type { Vtxo } from "@arkrelay/core/vtxo/vtxo";

import type { Database } from "../connection";
import { readBigint } from "../row";
import { connectionOf } from "../transactions";
import { placeholders } from "./job-work-tables";
import { toVtxos } from "./vtxo-asset-rows";
import { VTXO_COLUMNS } from "./vtxo-row";

/** vtxos, where their time runs out. */
export class DrizzleVtxoExpiryStore implements VtxoExpiryStore {
  constructor(private readonly database: Pick<Database, "select" | "selectOnce">) {}

  async listUntold(from: Date, until: Date, limit: number): Promise<readonly Vtxo[]> {
    const rows = await this.database.select(
      `SELECT ${VTXO_COLUMNS} FROM vtxos v WHERE v.status = 'assigned' AND v.expires_at > ? AND v.expires_at <= ?
         AND v.kind = 'user' AND v.expiry_told_at IS NULL ORDER BY v.expires_at, v.id LIMIT ?`,
      [from, until, limit],
    );
    return toVtxos(this.database, rows);
  }

  async markTold(tx: Tx, vtxoId: string, at: Date): Promise<boolean> {
    const { affectedRows } = await connectionOf(tx).write(
      "UPDATE vtxos SET expiry_told_at = ? WHERE vtxo_id = ? AND expiry_told_at IS NULL",
      [at, vtxoId],
    );
    return affectedRows === 1;
  }

  async expire(tx: Tx, now: Date, limit: number): Promise<ExpiredVtxos> {
    const connection = connectionOf(tx);
    // What somebody writes at this moment is left to the next run.
    const rows = await connection.select(
      `SELECT id, amount_sats FROM vtxos WHERE status IN ('available','assigned') AND expires_at <= ? AND locked_by IS NULL
       ORDER BY expires_at LIMIT ? FOR UPDATE SKIP LOCKED`,
      [now, limit],
    );
    if (rows.length === 0) return { count: 0, amountSats: 0n };
    const ids = rows.map((row) => readBigint(row, "id"));
    await connection.writeOnce(
      `UPDATE vtxos SET status = 'expired', seen_at = NOW(3) WHERE id IN (${placeholders(ids)})`,
      ids,
    );
    return { count: rows.length, amountSats: rows.reduce((sum, row) => sum + readBigint(row, "amount_sats"), 0n) };
  }
}
