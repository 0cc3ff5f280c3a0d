import type { Settlement, SettlementStatus } from "@arkrelay/core/settlement/settlement";

import { nullable, readBigint, readDate, readInteger, readText, type Row } from "../row";

export const SETTLEMENT_COLUMNS = `s.id, s.batch_id, s.status, s.moves, s.input_sats, s.fee_sats, s.candidate_txid, s.batch_script,
  s.height_hint, s.committing_at, s.l1_txid, s.block_height, s.merkle_root, s.vtxo_count, s.total_value, s.event_id, s.error, s.version,
  s.created_at, s.confirmed_at`;

export function toSettlement(row: Row): Settlement {
  return {
    id: readBigint(row, "id"),
    batchId: readText(row, "batch_id"),
    status: readText(row, "status") as SettlementStatus,
    moves: readInteger(row, "moves"),
    inputSats: readBigint(row, "input_sats"),
    feeSats: readBigint(row, "fee_sats"),
    candidateTxid: nullable(row, "candidate_txid", readText),
    batchScript: nullable(row, "batch_script", readText),
    heightHint: nullable(row, "height_hint", readInteger),
    committingAt: nullable(row, "committing_at", readDate),
    l1Txid: nullable(row, "l1_txid", readText),
    blockHeight: nullable(row, "block_height", readInteger),
    merkleRoot: nullable(row, "merkle_root", readText),
    vtxoCount: readInteger(row, "vtxo_count"),
    totalValueSats: readBigint(row, "total_value"),
    eventId: nullable(row, "event_id", readText),
    error: nullable(row, "error", readText),
    version: readInteger(row, "version"),
    createdAt: readDate(row, "created_at"),
    confirmedAt: nullable(row, "confirmed_at", readDate),
  };
}
