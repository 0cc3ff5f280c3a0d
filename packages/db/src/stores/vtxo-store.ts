import type { VtxoScriptInfo } from "@arkrelay/core/ark/types";
import { AppError, assert } from "@arkrelay/core/errors";
import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { BalanceRow, Freshness, GatewayVtxoQuery, VtxoFilter, VtxoStore } from "@arkrelay/core/ports/vtxo-store";
import { GBTC, type Vtxo, type VtxoKind, type VtxoScriptRow, type VtxoStatus } from "@arkrelay/core/vtxo/vtxo";

import type { Database } from "../connection";
import { nullable, readBigint, readDate, readInteger, readText } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";
import { freshnessValues, IS_FRESH } from "./is-fresh";
import { placeholders } from "./job-work-tables";
import { upsertVtxos } from "./upsert-vtxos";
import { toVtxos } from "./vtxo-asset-rows";
import { SCRIPT_COLUMNS, toScript, VTXO_COLUMNS } from "./vtxo-row";

/** The gateway holds few scripts of a kind: one per rotation of arkd's signer. */
const SCRIPTS_MAX = 1_000;

/** vtxo_scripts and vtxos: the mirror of arkd's set, and the locks on it. */
export class DrizzleVtxoStore implements VtxoStore {
  constructor(private readonly database: Pick<Database, "select" | "selectOnce">) {}

  async ensureScript(
    tx: Tx,
    script: VtxoScriptInfo & { readonly signerPubkey: string; readonly exitDelay: number; readonly kind: VtxoKind },
  ): Promise<VtxoScriptRow> {
    const connection = connectionOf(tx);
    // Scripts are never deleted, so the one that is there can be read without a lock; most are.
    const statement = `SELECT ${SCRIPT_COLUMNS} FROM vtxo_scripts WHERE script = ?`;
    const [known] = await connection.select(statement, [script.script]);
    if (known !== undefined) return toScript(known);
    await connection.write(
      `INSERT INTO vtxo_scripts (owner_pubkey, signer_pubkey, exit_delay, script, tap_tree, kind, first_seen)
       VALUES (?, ?, ?, ?, ?, ?, NOW(3)) ON DUPLICATE KEY UPDATE id = id`,
      [script.ownerPubkey, script.signerPubkey, script.exitDelay, script.script, script.tapTree, script.kind],
    );
    const [row] = await connection.select(statement, [script.script]);
    assert(row !== undefined, "a script just inserted");
    return toScript(row);
  }

  async listScripts(ownerPubkey: string): Promise<readonly VtxoScriptRow[]> {
    return this.scriptsWhere("owner_pubkey = ?", ownerPubkey);
  }

  async listScriptsOfKind(kind: Exclude<VtxoKind, "user">): Promise<readonly VtxoScriptRow[]> {
    return this.scriptsWhere("kind = ?", kind);
  }

  async listScriptsById(ids: readonly bigint[]): Promise<readonly VtxoScriptRow[]> {
    if (ids.length === 0) return [];
    const rows = await this.database.selectOnce(
      `SELECT ${SCRIPT_COLUMNS} FROM vtxo_scripts WHERE id IN (${placeholders(ids)})`,
      ids,
    );
    return rows.map(toScript);
  }

  async listScriptsByScript(scripts: readonly string[]): Promise<readonly VtxoScriptRow[]> {
    if (scripts.length === 0) return [];
    const rows = await this.database.selectOnce(
      `SELECT ${SCRIPT_COLUMNS} FROM vtxo_scripts WHERE script IN (${placeholders(scripts)})`,
      scripts,
    );
    return rows.map(toScript);
  }

  async findSyncedAt(ownerPubkey: string): Promise<Date | undefined> {
    const [row] = await this.database.select(
      "SELECT COUNT(*) AS n, COUNT(synced_at) AS synced, MIN(synced_at) AS oldest FROM vtxo_scripts WHERE owner_pubkey = ?",
      [ownerPubkey],
    );
    if (row === undefined || readInteger(row, "n") !== readInteger(row, "synced")) return undefined;
    return nullable(row, "oldest", readDate);
  }

  async markSynced(tx: Tx, scriptIds: readonly bigint[], at: Date): Promise<void> {
    if (scriptIds.length === 0) return;
    await connectionOf(tx).writeOnce(
      `UPDATE vtxo_scripts SET synced_at = GREATEST(COALESCE(synced_at, ?), ?) WHERE id IN (${placeholders(scriptIds)})`,
      [at, at, ...scriptIds],
    );
  }

  async listLive(tx: Tx | undefined, ownerPubkey: string, limit: number): Promise<readonly Vtxo[]> {
    const handle = this.handle(tx);
    const rows = await handle.select(
      `SELECT ${VTXO_COLUMNS} FROM vtxos v WHERE v.owner_pubkey = ? AND v.status IN ('assigned','available')
         AND (v.expires_at IS NULL OR v.expires_at > NOW(3)) ORDER BY v.amount_sats DESC, v.id LIMIT ?`,
      [ownerPubkey, limit],
    );
    return toVtxos(handle, rows);
  }

  async listLiveWith(
    tx: Tx | undefined,
    ownerPubkey: string,
    arkAssetId: string,
    limit: number,
  ): Promise<readonly Vtxo[]> {
    const handle = this.handle(tx);
    const rows = await handle.select(
      // From the owner's few to their assets: an asset may have a great many holders.
      `SELECT ${VTXO_COLUMNS} FROM vtxos v STRAIGHT_JOIN vtxo_assets a ON a.vtxo_id = v.vtxo_id AND a.asset_id = ?
       WHERE v.owner_pubkey = ? AND v.status IN ('assigned','available') AND (v.expires_at IS NULL OR v.expires_at > NOW(3))
       ORDER BY a.amount DESC, v.id LIMIT ?`,
      [arkAssetId, ownerPubkey, limit],
    );
    return toVtxos(handle, rows);
  }

  async listByIds(tx: Tx | undefined, vtxoIds: readonly string[]): Promise<readonly Vtxo[]> {
    if (vtxoIds.length === 0) return [];
    const handle = this.handle(tx);
    const rows = await handle.selectOnce(
      `SELECT ${VTXO_COLUMNS} FROM vtxos v WHERE v.vtxo_id IN (${placeholders(vtxoIds)})`,
      vtxoIds,
    );
    return toVtxos(handle, rows);
  }

  async list(filter: VtxoFilter, limit: number, beforeId: bigint | undefined): Promise<readonly Vtxo[]> {
    const conditions: [string, SqlParam[]][] = [["v.owner_pubkey = ?", [filter.ownerPubkey]]];
    if (filter.assetId !== undefined) conditions.push([CARRIES_ASSET, [filter.assetId, filter.assetId]]);
    if (filter.status !== undefined) conditions.push(["v.status = ?", [filter.status]]);
    if (filter.liveOnly === true) conditions.push(["v.status IN ('assigned','available')", []]);
    if (filter.changedSince !== undefined) conditions.push(["v.seen_at >= ?", [filter.changedSince]]);
    if (beforeId !== undefined) conditions.push(["v.id < ?", [beforeId]]);
    const rows = await this.database.select(
      `SELECT ${VTXO_COLUMNS} FROM vtxos v WHERE ${conditions.map(([text]) => text).join(" AND ")} ORDER BY v.id DESC LIMIT ?`,
      [...conditions.flatMap(([, values]) => values), limit],
    );
    return toVtxos(this.database, rows);
  }

  async sumBalances(ownerPubkey: string, now: Date): Promise<readonly BalanceRow[]> {
    const rows = await this.database.select(SUM_BALANCES, [GBTC, GBTC, ownerPubkey, now, ownerPubkey, now]);
    return rows.map((row) => ({
      assetId: readText(row, "asset_id"),
      balance: readBigint(row, "balance"),
      reserved: readBigint(row, "reserved"),
      freeCarriers: readInteger(row, "free_carriers"),
      vtxoCount: readInteger(row, "vtxo_count"),
      seenAt: readDate(row, "seen_at"),
    }));
  }

  async countByStatus(ownerPubkey: string) {
    const rows = await this.database.select(
      "SELECT status, COUNT(*) AS n FROM vtxos WHERE owner_pubkey = ? AND status IN ('available','assigned') GROUP BY status",
      [ownerPubkey],
    );
    const count = (status: VtxoStatus): number => {
      const row = rows.find((each) => readText(each, "status") === status);
      return row === undefined ? 0 : readInteger(row, "n");
    };
    return { available: count("available"), assigned: count("assigned") };
  }

  async countFree(kind: VtxoKind, minAmountSats: bigint, minExpiresAt: Date): Promise<number> {
    const [row] = await this.database.select(
      `SELECT COUNT(*) AS n FROM vtxos WHERE kind = ? AND asset_id = ? AND status = 'available' AND locked_by IS NULL
         AND amount_sats >= ? AND (expires_at IS NULL OR expires_at >= ?)`,
      [kind, GBTC, minAmountSats, minExpiresAt],
    );
    return readInteger(row ?? {}, "n");
  }

  async sumFree(tx: Tx | undefined, kind: VtxoKind, freshness: Freshness, assetId = GBTC): Promise<bigint> {
    const [row] = await this.handle(tx).select(
      `SELECT COALESCE(SUM(IF(v.asset_id = ?, v.amount_sats, ${UNITS})), 0) AS total FROM vtxos v WHERE v.kind = ? AND v.asset_id = ?
         AND v.status = 'available' AND v.locked_by IS NULL AND ${IS_FRESH}`,
      [GBTC, kind, assetId, ...freshnessValues(freshness)],
    );
    return readBigint(row ?? {}, "total");
  }

  lockFree(tx: Tx, vtxoIds: readonly string[], lockedBy: string, until: Date): Promise<boolean> {
    return this.lockUsers(tx, "status = 'assigned'", { vtxoIds, lockedBy, until });
  }

  lockSwept(tx: Tx, vtxoIds: readonly string[], lockedBy: string, until: Date): Promise<boolean> {
    // Until the mirror is told that they are swept they stand there as the user's.
    return this.lockUsers(tx, "kind = 'user' AND status IN ('assigned','expired')", { vtxoIds, lockedBy, until });
  }

  async holdSwept(tx: Tx, lockedBy: string): Promise<number> {
    const { affectedRows } = await connectionOf(tx).write(
      "UPDATE vtxos SET locked_until = NULL WHERE locked_by = ? AND status IN ('assigned','expired')",
      [lockedBy],
    );
    return affectedRows;
  }

  private async lockUsers(
    tx: Tx,
    condition: string,
    {
      vtxoIds,
      lockedBy,
      until,
    }: { readonly vtxoIds: readonly string[]; readonly lockedBy: string; readonly until: Date },
  ): Promise<boolean> {
    const connection = connectionOf(tx);
    const list = placeholders(vtxoIds);
    const { affectedRows } = await connection.writeOnce(
      `UPDATE vtxos SET locked_by = ?, locked_until = ? WHERE vtxo_id IN (${list}) AND ${condition} AND locked_by IS NULL`,
      [lockedBy, until, ...vtxoIds],
    );
    if (affectedRows === vtxoIds.length) return true;
    // Nothing of a partial lock may stay: another choice of coins follows in the same transaction.
    await connection.writeOnce(
      `UPDATE vtxos SET locked_by = NULL, locked_until = NULL WHERE vtxo_id IN (${list}) AND locked_by = ?`,
      [...vtxoIds, lockedBy],
    );
    return false;
  }

  async lockGateway(tx: Tx, query: GatewayVtxoQuery, lockedBy: string, until: Date): Promise<readonly Vtxo[]> {
    const connection = connectionOf(tx);
    const pick = async (statement: string): Promise<readonly Vtxo[]> => {
      const { kind, assetId = GBTC, minAmountSats, minUnits = 0n, count } = query;
      const values = [kind, assetId, ...freshnessValues(query), minAmountSats, minUnits, minUnits, count];
      return toVtxos(connection, await connection.select(statement, values));
    };
    let vtxos = await pick(PICK_UNLOCKED);
    // All that were skipped may be locked for a moment only (a reconcile writes them): wait for them before saying there is none.
    if (vtxos.length < query.count) vtxos = await pick(PICK_WAITING);
    if (vtxos.length < query.count) return [];
    const ids = vtxos.map((vtxo) => vtxo.id);
    await connection.writeOnce(`UPDATE vtxos SET locked_by = ?, locked_until = ? WHERE id IN (${placeholders(ids)})`, [
      lockedBy,
      until,
      ...ids,
    ]);
    return vtxos;
  }

  async lockHeld(tx: Tx, vtxoId: string, lockedBy: string): Promise<boolean> {
    const { affectedRows } = await connectionOf(tx).write(
      "UPDATE vtxos SET locked_by = ?, locked_until = NULL WHERE vtxo_id = ? AND status = 'available' AND locked_by IS NULL",
      [lockedBy, vtxoId],
    );
    return affectedRows === 1;
  }

  async extendLocks(tx: Tx, lockedBy: string, until: Date | null): Promise<number> {
    const { affectedRows } = await connectionOf(tx).write(
      "UPDATE vtxos SET locked_until = ? WHERE locked_by = ? AND status IN ('available','assigned')",
      [until, lockedBy],
    );
    return affectedRows;
  }

  async unlock(tx: Tx, lockedBy: string): Promise<number> {
    const { affectedRows } = await connectionOf(tx).write(
      "UPDATE vtxos SET locked_by = NULL, locked_until = NULL WHERE locked_by = ?",
      [lockedBy],
    );
    return affectedRows;
  }

  async pickForBatch(
    tx: Tx,
    {
      now,
      stockPercent,
      treasuryPercent,
      limit,
    }: {
      readonly now: Date;
      readonly stockPercent: number;
      readonly treasuryPercent: number;
      readonly limit: number;
    },
  ): Promise<readonly Vtxo[]> {
    const connection = connectionOf(tx);
    // Found without locks: a locking scan would hide what it passes from whoever picks with SKIP LOCKED.
    const found = await connection.select(FIND_FOR_BATCH, [now, stockPercent, now, treasuryPercent, limit]);
    if (found.length === 0) return [];
    const rows = await connection.selectOnce(
      `SELECT ${VTXO_COLUMNS} FROM vtxos v WHERE v.id IN (${placeholders(found)}) AND v.locked_by IS NULL
         AND v.status IN ('available','expired') ORDER BY v.expires_at, v.id FOR UPDATE SKIP LOCKED`,
      found.map((row) => readBigint(row, "id")),
    );
    return toVtxos(connection, rows);
  }

  async lockForBatch(tx: Tx, vtxoIds: readonly string[], lockedBy: string): Promise<void> {
    if (vtxoIds.length === 0) return;
    const { affectedRows } = await connectionOf(tx).writeOnce(
      `UPDATE vtxos SET locked_by = ?, locked_until = NULL
       WHERE vtxo_id IN (${placeholders(vtxoIds)}) AND status IN ('available','expired') AND locked_by IS NULL`,
      [lockedBy, ...vtxoIds],
    );
    if (affectedRows !== vtxoIds.length) throw new AppError("vtxo_locked");
  }

  async listLocked(tx: Tx | undefined, lockedBy: string): Promise<readonly Vtxo[]> {
    const handle = this.handle(tx);
    const rows = await handle.select(`SELECT ${VTXO_COLUMNS} FROM vtxos v WHERE v.locked_by = ? ORDER BY v.id`, [
      lockedBy,
    ]);
    return toVtxos(handle, rows);
  }

  async markSettled(tx: Tx, vtxoIds: readonly string[], commitmentTxid: string, at: Date): Promise<void> {
    const { affectedRows } = await connectionOf(tx).writeOnce(
      `UPDATE vtxos SET status = 'settled', settled_txid = ?, spent_at = COALESCE(spent_at, ?), locked_by = NULL, locked_until = NULL,
         updated_from = 'final', seen_at = NOW(3)
       WHERE vtxo_id IN (${placeholders(vtxoIds)}) AND spending_txid IS NULL AND (settled_txid IS NULL OR settled_txid = ?)`,
      [commitmentTxid, at, ...vtxoIds, commitmentTxid],
    );
    assert(affectedRows === vtxoIds.length, `an input of ${commitmentTxid} is recorded as spent otherwise`);
  }

  async markSpent(tx: Tx, vtxoIds: readonly string[], spendingTxid: string, at: Date): Promise<void> {
    const { affectedRows } = await connectionOf(tx).writeOnce(
      `UPDATE vtxos SET status = 'spent', spending_txid = ?, spent_at = COALESCE(spent_at, ?), locked_by = NULL, locked_until = NULL,
         updated_from = 'final', seen_at = NOW(3)
       WHERE vtxo_id IN (${placeholders(vtxoIds)}) AND (spending_txid IS NULL OR spending_txid = ?)`,
      [spendingTxid, at, ...vtxoIds, spendingTxid],
    );
    assert(affectedRows === vtxoIds.length, `an input of ${spendingTxid} is recorded as spent by another transaction`);
  }

  async upsert(
    tx: Tx,
    rows: readonly { readonly vtxo: ArkVtxo; readonly script: VtxoScriptRow }[],
    from: "final" | "reconcile",
  ): Promise<void> {
    await upsertVtxos(connectionOf(tx), rows, from);
  }

  private async scriptsWhere(condition: string, value: string): Promise<readonly VtxoScriptRow[]> {
    const rows = await this.database.select(
      `SELECT ${SCRIPT_COLUMNS} FROM vtxo_scripts WHERE ${condition} ORDER BY id LIMIT ?`,
      [value, SCRIPTS_MAX],
    );
    return rows.map(toScript);
  }

  private handle(tx: Tx | undefined): Pick<SqlHandle, "select" | "selectOnce"> {
    return tx === undefined ? this.database : connectionOf(tx);
  }
}

/** Sats are the plain VTXOs of a list; an asset is found beside others too. */
const CARRIES_ASSET = `(v.asset_id = ? OR EXISTS (
  SELECT 1 FROM vtxo_assets a WHERE a.vtxo_id = v.vtxo_id AND a.asset_id = ?))`;

/** Every sat counts as gBTC, those that carry assets too; the reader takes the free carriers from what can be spent. */
const SUM_BALANCES = `SELECT ? AS asset_id, SUM(amount_sats) AS balance, SUM(IF(locked_by IS NULL, 0, amount_sats)) AS reserved,
    SUM(locked_by IS NULL AND (asset_id IS NULL OR asset_id <> ?)) AS free_carriers, COUNT(*) AS vtxo_count,
    MAX(seen_at) AS seen_at
  FROM vtxos WHERE owner_pubkey = ? AND status = 'assigned' AND (expires_at IS NULL OR expires_at > ?) HAVING COUNT(*) > 0
  UNION ALL
  SELECT a.asset_id, SUM(a.amount), SUM(IF(v.locked_by IS NULL, 0, a.amount)), 0, COUNT(*), MAX(v.seen_at)
  FROM vtxos v JOIN vtxo_assets a ON a.vtxo_id = v.vtxo_id
  WHERE v.owner_pubkey = ? AND v.status = 'assigned' AND (v.expires_at IS NULL OR v.expires_at > ?)
  GROUP BY a.asset_id ORDER BY asset_id`;

/** Of the one asset that a VTXO carries; null on a plain one. */
const UNITS = "(SELECT x.amount FROM vtxo_assets x WHERE x.vtxo_id = v.vtxo_id AND x.asset_id = v.asset_id)";

/** vtxos alone: a join would lock the joined rows too, and the next picker would find none. The index gives the order. */
const PICK = `SELECT ${VTXO_COLUMNS} FROM vtxos v FORCE INDEX (ix_vtxos_pick) WHERE v.kind = ? AND v.asset_id = ?
  AND v.status = 'available' AND v.locked_by IS NULL AND ${IS_FRESH} AND v.amount_sats >= ?
  AND (? = 0 OR ${UNITS} >= ?) ORDER BY v.expires_at LIMIT ? FOR UPDATE`;
const PICK_UNLOCKED = `${PICK} SKIP LOCKED`;
const PICK_WAITING = PICK;

/** Percent of the life that a VTXO was made with. */
const LIFE_LEFT =
  "TIMESTAMPDIFF(SECOND, ?, v.expires_at) * 100 < TIMESTAMPDIFF(SECOND, v.created_at, v.expires_at) * ?";
const FIND_FOR_BATCH = `SELECT v.id FROM vtxos v WHERE v.kind IN ('treasury','stock','fee','used','land')
  AND v.status IN ('available','expired') AND v.locked_by IS NULL AND v.expires_at IS NOT NULL
  AND (v.status = 'expired' OR (v.status = 'available' AND (v.kind IN ('used','land')
    OR (v.kind IN ('stock','fee') AND ${LIFE_LEFT}) OR (v.kind = 'treasury' AND ${LIFE_LEFT}))))
  ORDER BY v.expires_at LIMIT ?`;
