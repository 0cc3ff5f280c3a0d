import type { VtxoScriptInfo } from "@arkrelay/core/ark/types";
import { assert } from "@arkrelay/core/errors";
import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { GatewayVtxoQuery, VtxoFilter, VtxoStore } from "@arkrelay/core/ports/vtxo-store";
import { GBTC, type Vtxo, type VtxoKind, type VtxoScriptRow, type VtxoStatus } from "@arkrelay/core/vtxo/vtxo";

import type { Database } from "../connection";
import { nullable, readBigint, readBoolean, readDate, readInteger, readJson, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";
import { placeholders } from "./job-work-tables";
import { SCRIPT_COLUMNS, toScript, toVtxo, VTXO_COLUMNS } from "./vtxo-row";

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
    const rows = await this.handle(tx).select(
      `SELECT ${VTXO_COLUMNS} FROM vtxos v WHERE v.owner_pubkey = ? AND v.status IN ('assigned','available')
         AND (v.expires_at IS NULL OR v.expires_at > NOW(3)) ORDER BY v.amount_sats DESC, v.id LIMIT ?`,
      [ownerPubkey, limit],
    );
    return rows.map(toVtxo);
  }

  async listByIds(tx: Tx | undefined, vtxoIds: readonly string[]): Promise<readonly Vtxo[]> {
    if (vtxoIds.length === 0) return [];
    const rows = await this.handle(tx).selectOnce(
      `SELECT ${VTXO_COLUMNS} FROM vtxos v WHERE v.vtxo_id IN (${placeholders(vtxoIds)})`,
      vtxoIds,
    );
    return rows.map(toVtxo);
  }

  async list(filter: VtxoFilter, limit: number, beforeId: bigint | undefined): Promise<readonly Vtxo[]> {
    const conditions: [string, SqlParam[]][] = [["v.owner_pubkey = ?", [filter.ownerPubkey]]];
    if (filter.assetId !== undefined) conditions.push(["v.asset_id = ?", [filter.assetId]]);
    if (filter.status !== undefined) conditions.push(["v.status = ?", [filter.status]]);
    if (filter.liveOnly === true) conditions.push(["v.status IN ('assigned','available')", []]);
    if (beforeId !== undefined) conditions.push(["v.id < ?", [beforeId]]);
    const rows = await this.database.select(
      `SELECT ${VTXO_COLUMNS} FROM vtxos v WHERE ${conditions.map(([text]) => text).join(" AND ")} ORDER BY v.id DESC LIMIT ?`,
      [...conditions.flatMap(([, values]) => values), limit],
    );
    return rows.map(toVtxo);
  }

  async sumBalances(ownerPubkey: string, now: Date) {
    const rows = await this.database.select(
      `SELECT asset_id, SUM(amount_sats) AS balance, SUM(IF(locked_by IS NULL, 0, amount_sats)) AS reserved,
         MAX(seen_at) AS seen_at FROM vtxos
       WHERE owner_pubkey = ? AND status = 'assigned' AND (expires_at IS NULL OR expires_at > ?) AND asset_id IS NOT NULL
       GROUP BY asset_id ORDER BY asset_id`,
      [ownerPubkey, now],
    );
    return rows.map((row) => ({
      assetId: readText(row, "asset_id"),
      balance: readBigint(row, "balance"),
      reserved: readBigint(row, "reserved"),
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

  async sumFree(tx: Tx | undefined, kind: VtxoKind, minExpiresAt: Date): Promise<bigint> {
    const [row] = await this.handle(tx).select(
      `SELECT COALESCE(SUM(amount_sats), 0) AS sats FROM vtxos WHERE kind = ? AND asset_id = ? AND status = 'available'
         AND locked_by IS NULL AND (expires_at IS NULL OR expires_at >= ?)`,
      [kind, GBTC, minExpiresAt],
    );
    return readBigint(row ?? {}, "sats");
  }

  async lockFree(tx: Tx, vtxoIds: readonly string[], lockedBy: string, until: Date): Promise<boolean> {
    const connection = connectionOf(tx);
    const list = placeholders(vtxoIds);
    const { affectedRows } = await connection.writeOnce(
      `UPDATE vtxos SET locked_by = ?, locked_until = ? WHERE vtxo_id IN (${list}) AND status = 'assigned' AND locked_by IS NULL`,
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
      const values = [query.kind, GBTC, query.minExpiresAt, query.minAmountSats, query.count];
      return (await connection.select(statement, values)).map(toVtxo);
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
    const connection = connectionOf(tx);
    const changed = from === "final" ? rows : await leaveOutUnchanged(connection, rows);
    if (changed.length === 0) return;
    // One order for everybody, so that two reconciles of overlapping sets do not deadlock.
    const sorted = changed.toSorted((a, b) => (a.vtxo.vtxoId < b.vtxo.vtxoId ? -1 : 1));
    await connection.writeOnce(
      `INSERT INTO vtxos (vtxo_id, txid, vout, script_id, owner_pubkey, kind, asset_id, amount_sats, status, is_preconfirmed, is_swept,
         commitment_txids, expires_at, created_at, spending_txid, settled_txid, updated_from, is_booked, seen_at)
       VALUES ${sorted.map(() => "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(3))").join(", ")}
       ON DUPLICATE KEY UPDATE ${UPSERT_UPDATES}`,
      sorted.flatMap(({ vtxo, script }) => upsertValues(vtxo, script, from)),
    );
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

/** vtxos alone: a join would lock the joined rows too, and the next picker would find none. The index gives the order. */
const PICK = `SELECT ${VTXO_COLUMNS} FROM vtxos v FORCE INDEX (ix_vtxos_pick) WHERE v.kind = ? AND v.asset_id = ?
  AND v.status = 'available' AND v.locked_by IS NULL AND v.expires_at >= ? AND v.amount_sats >= ?
  ORDER BY v.expires_at LIMIT ? FOR UPDATE`;
const PICK_UNLOCKED = `${PICK} SKIP LOCKED`;
const PICK_WAITING = PICK;

interface SeenVtxo {
  readonly vtxo: ArkVtxo;
  readonly script: VtxoScriptRow;
}

/**
 * Most of what a reconcile reads is known. Writing it all the same would lock every VTXO of the gateway for that moment, and
 * whoever picks a free one then (SKIP LOCKED) would find none.
 */
async function leaveOutUnchanged(connection: SqlHandle, rows: readonly SeenVtxo[]): Promise<readonly SeenVtxo[]> {
  if (rows.length === 0) return rows;
  const known = await connection.selectOnce(
    `SELECT vtxo_id, status, is_preconfirmed, is_swept, expires_at, commitment_txids FROM vtxos
     WHERE vtxo_id IN (${placeholders(rows)})`,
    rows.map(({ vtxo }) => vtxo.vtxoId),
  );
  const byId = new Map(known.map((row) => [readText(row, "vtxo_id"), row]));
  return rows.filter(({ vtxo, script }) => {
    const row = byId.get(vtxo.vtxoId);
    return row === undefined || fingerprintOf(row) !== fingerprintOfSeen(vtxo, script.kind);
  });
}

function fingerprintOf(row: Row): string {
  return JSON.stringify([
    readText(row, "status"),
    readBoolean(row, "is_preconfirmed"),
    readBoolean(row, "is_swept"),
    nullable(row, "expires_at", readDate)?.getTime() ?? null,
    readJson(row, "commitment_txids"),
  ]);
}

function fingerprintOfSeen(vtxo: ArkVtxo, kind: VtxoKind): string {
  const status = statusOf(vtxo, kind);
  return JSON.stringify([
    status,
    vtxo.isPreconfirmed,
    vtxo.isSwept,
    vtxo.expiresAt?.getTime() ?? null,
    vtxo.commitmentTxids,
  ]);
}

/**
 * A VTXO never comes back to life: a row that is spent or settled keeps that, however old the read is that says otherwise.
 * One that is locked for ever belongs to a ceremony that arkd may have: its end writes the row, no reconcile does.
 */
const IS_FIXED = "(status IN ('spent','settled') OR (locked_by IS NOT NULL AND locked_until IS NULL))";
const UPSERT_UPDATES = [
  // MariaDB assigns from left to right, so the columns that IS_FIXED reads come last.
  `spending_txid = IF(${IS_FIXED}, spending_txid, VALUES(spending_txid))`,
  `settled_txid = IF(${IS_FIXED}, settled_txid, VALUES(settled_txid))`,
  "is_preconfirmed = VALUES(is_preconfirmed)",
  "is_swept = VALUES(is_swept)",
  "commitment_txids = VALUES(commitment_txids)",
  "expires_at = VALUES(expires_at)",
  "updated_from = VALUES(updated_from)",
  "seen_at = VALUES(seen_at)",
  "is_booked = GREATEST(is_booked, VALUES(is_booked))",
  `status = IF(${IS_FIXED}, status, VALUES(status))`,
].join(", ");

function upsertValues(vtxo: ArkVtxo, script: VtxoScriptRow, from: "final" | "reconcile"): SqlParam[] {
  return [
    vtxo.vtxoId,
    vtxo.txid,
    vtxo.vout,
    script.id,
    script.ownerPubkey,
    script.kind,
    assetIdOf(vtxo),
    vtxo.amountSats,
    statusOf(vtxo, script.kind),
    vtxo.isPreconfirmed,
    vtxo.isSwept,
    JSON.stringify(vtxo.commitmentTxids),
    vtxo.expiresAt,
    vtxo.createdAt,
    vtxo.isSpent && vtxo.arkTxid !== "" ? vtxo.arkTxid : null,
    vtxo.settledBy === "" ? null : vtxo.settledBy,
    from,
    // The outputs of a transaction of ours come with its postings; what others send us is booked by the reconciliation.
    from === "final",
  ];
}

function statusOf(vtxo: ArkVtxo, kind: VtxoKind): VtxoStatus {
  if (vtxo.settledBy !== "") return "settled";
  if (vtxo.isSpent || vtxo.isUnrolled) return "spent";
  if (vtxo.isSwept) return "expired";
  return kind === "user" ? "assigned" : "available";
}

/** A VTXO with assets of arkd's is not plain sats: it must never be picked as a co-input or spent as a user's gBTC. */
function assetIdOf(vtxo: ArkVtxo): string | null {
  const [only, ...more] = vtxo.assets;
  if (only === undefined) return GBTC;
  return more.length === 0 ? only.assetId : null;
}
