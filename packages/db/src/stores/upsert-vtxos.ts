import type { AssetAmount } from "@arkrelay/core/ark/asset-types";
import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import { GBTC, type VtxoKind, type VtxoScriptRow, type VtxoStatus } from "@arkrelay/core/vtxo/vtxo";

import { nullable, readBoolean, readDate, readJson, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { placeholders } from "./job-work-tables";
import { insertVtxoAssets, readVtxoAssets } from "./vtxo-asset-rows";

export interface SeenVtxo {
  readonly vtxo: ArkVtxo;
  readonly script: VtxoScriptRow;
}

/** Writes outputs of a transaction of ours, or what arkd reports; rows that are there are brought up to date. */
export async function upsertVtxos(
  connection: SqlHandle,
  rows: readonly SeenVtxo[],
  from: "final" | "reconcile",
): Promise<void> {
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
  await insertVtxoAssets(
    connection,
    sorted.map(({ vtxo }) => vtxo),
  );
}

/**
 * Most of what a reconcile reads is known. Writing it all the same would lock every VTXO of the gateway for that moment, and
 * whoever picks a free one then (SKIP LOCKED) would find none.
 */
async function leaveOutUnchanged(connection: SqlHandle, rows: readonly SeenVtxo[]): Promise<readonly SeenVtxo[]> {
  if (rows.length === 0) return rows;
  const known = await connection.selectOnce(
    `SELECT vtxo_id, asset_id, status, is_preconfirmed, is_swept, expires_at, commitment_txids FROM vtxos
     WHERE vtxo_id IN (${placeholders(rows)})`,
    rows.map(({ vtxo }) => vtxo.vtxoId),
  );
  const byId = new Map(known.map((row) => [readText(row, "vtxo_id"), row]));
  const assets = await readVtxoAssets(
    connection,
    rows.flatMap(({ vtxo }) => (vtxo.assets.length === 0 ? [] : [vtxo.vtxoId])),
  );
  return rows.filter(({ vtxo, script }) => {
    const row = byId.get(vtxo.vtxoId);
    if (row === undefined) return true;
    const status = staysExpired(row, vtxo) ? "expired" : statusOf(vtxo, script.kind);
    return fingerprintOf(row, assets.get(vtxo.vtxoId) ?? []) !== fingerprintOfSeen(vtxo, status);
  });
}

function fingerprintOf(row: Row, assets: readonly AssetAmount[]): string {
  return JSON.stringify([
    readText(row, "status"),
    readBoolean(row, "is_preconfirmed"),
    readBoolean(row, "is_swept"),
    nullable(row, "expires_at", readDate)?.getTime() ?? null,
    readJson(row, "commitment_txids"),
    nullable(row, "asset_id", readText) ?? null,
    describeAssets(assets),
  ]);
}

/** arkd lists what has expired as spendable until it is swept, and takes it in no transaction any more. */
function staysExpired(row: Row, vtxo: ArkVtxo): boolean {
  if (vtxo.isSpent || vtxo.isUnrolled || vtxo.settledBy !== "" || readText(row, "status") !== "expired") return false;
  return vtxo.expiresAt !== null && nullable(row, "expires_at", readDate)?.getTime() === vtxo.expiresAt.getTime();
}

function fingerprintOfSeen(vtxo: ArkVtxo, status: VtxoStatus): string {
  return JSON.stringify([
    status,
    vtxo.isPreconfirmed,
    vtxo.isSwept,
    vtxo.expiresAt?.getTime() ?? null,
    vtxo.commitmentTxids,
    assetIdOf(vtxo),
    describeAssets(vtxo.assets),
  ]);
}

/** In one order, whatever arkd's is. */
function describeAssets(assets: readonly AssetAmount[]): readonly string[] {
  return assets.map(({ assetId, amount }) => `${assetId}=${amount}`).toSorted();
}

/**
 * A VTXO never comes back to life: a row that is spent or settled keeps that, however old the read is that says otherwise.
 * One that is locked for ever belongs to a ceremony that arkd may have: its end writes the row, no reconcile does.
 */
const IS_FIXED = "(status IN ('spent','settled') OR (locked_by IS NOT NULL AND locked_until IS NULL))";
/** What a cleanup has found at its end does not come back to life while arkd has yet to sweep it. */
const IS_OVER = "(status = 'expired' AND VALUES(status) IN ('available','assigned') AND VALUES(expires_at) <= NOW(3))";
const UPSERT_UPDATES = [
  // MariaDB assigns from left to right, so the columns that IS_FIXED reads come last.
  `spending_txid = IF(${IS_FIXED}, spending_txid, VALUES(spending_txid))`,
  `settled_txid = IF(${IS_FIXED}, settled_txid, VALUES(settled_txid))`,
  "asset_id = VALUES(asset_id)",
  "is_preconfirmed = VALUES(is_preconfirmed)",
  "is_swept = VALUES(is_swept)",
  "commitment_txids = VALUES(commitment_txids)",
  "expires_at = VALUES(expires_at)",
  "updated_from = VALUES(updated_from)",
  "seen_at = VALUES(seen_at)",
  "is_booked = GREATEST(is_booked, VALUES(is_booked))",
  `status = IF(${IS_FIXED} OR ${IS_OVER}, status, VALUES(status))`,
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
