import type { AssetAmount } from "@arkrelay/core/ark/asset-types";
import type { Vtxo, VtxoKind, VtxoScriptRow, VtxoStatus } from "@arkrelay/core/vtxo/vtxo";

import { nullable, readBigint, readDate, readInteger, readJson, readText, type Row } from "../row";

export const VTXO_COLUMNS = `v.id, v.vtxo_id, v.txid, v.vout, v.script_id, v.owner_pubkey, v.kind, v.asset_id, v.amount_sats, v.status,
  v.commitment_txids, v.expires_at, v.created_at, v.spending_txid, v.locked_by, v.locked_until`;

export const SCRIPT_COLUMNS = "id, owner_pubkey, signer_pubkey, exit_delay, script, tap_tree, kind, synced_at";

export function toVtxo(row: Row, assets: readonly AssetAmount[]): Vtxo {
  return {
    id: readBigint(row, "id"),
    vtxoId: readText(row, "vtxo_id"),
    txid: readText(row, "txid"),
    vout: readInteger(row, "vout"),
    scriptId: readBigint(row, "script_id"),
    ownerPubkey: readText(row, "owner_pubkey"),
    kind: readText(row, "kind") as VtxoKind,
    assetId: nullable(row, "asset_id", readText) ?? null,
    amountSats: readBigint(row, "amount_sats"),
    assets,
    status: readText(row, "status") as VtxoStatus,
    commitmentTxids: readJson(row, "commitment_txids") as readonly string[],
    expiresAt: nullable(row, "expires_at", readDate) ?? null,
    createdAt: readDate(row, "created_at"),
    spendingTxid: nullable(row, "spending_txid", readText),
    lockedBy: nullable(row, "locked_by", readText),
    lockedUntil: nullable(row, "locked_until", readDate),
  };
}

export function toScript(row: Row): VtxoScriptRow {
  return {
    id: readBigint(row, "id"),
    ownerPubkey: readText(row, "owner_pubkey"),
    signerPubkey: readText(row, "signer_pubkey"),
    exitDelay: readInteger(row, "exit_delay"),
    script: readText(row, "script"),
    tapTree: readText(row, "tap_tree"),
    kind: readText(row, "kind") as VtxoKind,
    syncedAt: nullable(row, "synced_at", readDate),
  };
}
