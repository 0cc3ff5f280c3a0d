import { AppError, assert } from "@arkrelay/core/errors";
import type { ArkIntentProof } from "@arkrelay/core/ports/ark-daemon";
import type { SettlementChange, SettlementStore } from "@arkrelay/core/ports/settlement-store";
import type { Tx } from "@arkrelay/core/ports/transactions";
import { type Settlement, SETTLEMENT_TRANSITIONS } from "@arkrelay/core/settlement/settlement";

import { DuplicateKeyError } from "../driver-errors";
import { nullable, readText } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";
import { SETTLEMENT_COLUMNS, toSettlement } from "./settlement-row";

const LIVE = "live";

const CHANGED_COLUMNS = {
  status: "status",
  inputSats: "input_sats",
  feeSats: "fee_sats",
  candidateTxid: "candidate_txid",
  batchScript: "batch_script",
  heightHint: "height_hint",
  committingAt: "committing_at",
  l1Txid: "l1_txid",
  blockHeight: "block_height",
  merkleRoot: "merkle_root",
  vtxoCount: "vtxo_count",
  totalValueSats: "total_value",
  eventId: "event_id",
  error: "error",
  confirmedAt: "confirmed_at",
} as const satisfies Record<keyof SettlementChange, string>;

/** settlements and settlement_intents. */
export class DrizzleSettlementStore implements SettlementStore {
  constructor(private readonly database: Pick<SqlHandle, "select">) {}

  async findLive(tx?: Tx): Promise<Settlement | undefined> {
    const handle = tx === undefined ? this.database : connectionOf(tx);
    const [row] = await handle.select(`SELECT ${SETTLEMENT_COLUMNS} FROM settlements s WHERE s.live_key = ?`, [LIVE]);
    return row === undefined ? undefined : toSettlement(row);
  }

  async insert(
    tx: Tx,
    { batchId, moves, driverJob }: { readonly batchId: string; readonly moves: number; readonly driverJob: string },
  ): Promise<Settlement | undefined> {
    try {
      await connectionOf(tx).write(
        `INSERT INTO settlements (batch_id, live_key, status, driver_job, moves, created_at)
         VALUES (?, ?, 'collecting', ?, ?, NOW(3))`,
        [batchId, LIVE, driverJob, moves],
      );
    } catch (error) {
      if (error instanceof DuplicateKeyError) return undefined;
      throw error;
    }
    return this.findLive(tx);
  }

  async claim(tx: Tx, { id }: Settlement, jobId: string): Promise<boolean> {
    const connection = connectionOf(tx);
    // Locks the row: two jobs that both find the former driver gone must not both take its place.
    const [row] = await connection.select("SELECT driver_job FROM settlements WHERE id = ? FOR UPDATE", [id]);
    const driver = row && nullable(row, "driver_job", readText);
    if (driver === jobId) return true;
    const isAlive = "SELECT 1 FROM job_logs WHERE job_id = ? AND status IN ('pending','running')";
    const alive = driver === undefined ? [] : await connection.select(isAlive, [driver]);
    if (alive.length > 0) return false;
    await connection.write("UPDATE settlements SET driver_job = ? WHERE id = ?", [jobId, id]);
    return true;
  }

  async move(tx: Tx, settlement: Settlement, change: SettlementChange): Promise<Settlement> {
    const { id, status, version } = settlement;
    const next = change.status;
    assert(
      next === undefined || next === status || SETTLEMENT_TRANSITIONS[status].includes(next),
      `a settlement does not go from ${status} to ${next}`,
    );
    const entries = Object.entries(change) as [keyof SettlementChange, SqlParam][];
    const sets = entries.map(([key]) => `${CHANGED_COLUMNS[key]} = ?`);
    if (next !== undefined && SETTLEMENT_TRANSITIONS[next].length === 0) sets.push("live_key = NULL");
    if (next === "committed" || next === "renewed") sets.push("committed_at = NOW(3)");
    const connection = connectionOf(tx);
    const { affectedRows } = await connection.write(
      `UPDATE settlements SET ${[...sets, "version = version + 1"].join(", ")} WHERE id = ? AND status = ? AND version = ?`,
      [...entries.map(([, value]) => value), id, status, version],
    );
    if (affectedRows !== 1) throw new AppError("wrong_state", { details: { status, allowed: [] } });
    const [row] = await connection.select(`SELECT ${SETTLEMENT_COLUMNS} FROM settlements s WHERE s.id = ?`, [id]);
    assert(row !== undefined, "a settlement just changed");
    return toSettlement(row);
  }

  async park(tx: Tx, { id, version }: Settlement): Promise<void> {
    await connectionOf(tx).write(
      "UPDATE settlements SET live_key = NULL WHERE id = ? AND status = 'committed' AND version = ?",
      [id, version],
    );
  }

  async listParked(limit: number): Promise<readonly Settlement[]> {
    const rows = await this.database.select(
      `SELECT ${SETTLEMENT_COLUMNS} FROM settlements s WHERE s.status = 'committed' AND s.live_key IS NULL AND s.batch_script IS NOT NULL
       ORDER BY RAND() LIMIT ?`,
      [limit],
    );
    return rows.map(toSettlement);
  }

  async listRecent(limit: number): Promise<readonly Settlement[]> {
    const rows = await this.database.select(
      `SELECT ${SETTLEMENT_COLUMNS} FROM settlements s WHERE s.status IN ('committed','confirmed') ORDER BY s.id DESC LIMIT ?`,
      [limit],
    );
    return rows.map(toSettlement);
  }

  async saveIntent(
    tx: Tx,
    { id }: Settlement,
    { proof, message, validUntil }: ArkIntentProof & { readonly validUntil: Date },
  ): Promise<void> {
    const connection = connectionOf(tx);
    await connection.write(
      "UPDATE settlement_intents SET status = 'replaced' WHERE settlement_id = ? AND session_id IS NULL AND status IN ('planned','registered')",
      [id],
    );
    await connection.write(
      `INSERT INTO settlement_intents (settlement_id, session_id, proof, message, status, valid_until, created_at)
       VALUES (?, NULL, ?, ?, 'planned', ?, NOW(3))`,
      [id, proof, message, validUntil],
    );
  }

  async noteIntent(
    tx: Tx,
    { id }: Settlement,
    { arkdIntentId, status }: { readonly arkdIntentId?: string; readonly status: string },
  ): Promise<void> {
    await connectionOf(tx).write(
      `UPDATE settlement_intents SET status = ?, arkd_intent_id = COALESCE(?, arkd_intent_id)
       WHERE settlement_id = ? AND session_id IS NULL AND status IN ('planned','registered')`,
      [status, arkdIntentId ?? null, id],
    );
  }
}
