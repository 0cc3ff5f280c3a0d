import type {
  LandStatus,
  LiftStatus,
  LightningAttempt,
  LightningOperation,
} from "@arkrelay/core/lightning/lightning-operation";
import type { LightningPosition } from "@arkrelay/core/lightning/lightning-task";
import type { LightningChange } from "@arkrelay/core/ports/lightning-stores";

import { nullable, readBigint, readDate, readInteger, readText, type Row } from "../row";
import type { SqlParam } from "../sql-handle";
import { readErrorCode } from "./session-row";

export const OPERATION_COLUMNS = `i.id, i.operation_id, i.invoice_type, i.status, i.payment_hash, i.claimed_hash, i.bolt11_invoice,
  i.user_pubkey, i.session_id, i.asset_id, i.amount, i.amount_sats, i.fee, i.user_script, i.memo, i.carrier_units, i.carrier_msat, i.quoted_units,
  i.rfq_id, i.debited_units, i.fee_limit_msat, i.subsidy_sats, i.subsidy_day, i.routing_fee_msat, i.htlc_expiry_height, i.add_index,
  i.settle_index, i.paid_msat, i.received_vtxo_id, i.refund_txid, i.attempts, i.error_code, i.last_error, i.unknown_since,
  i.created_at, i.expires_at, i.accepted_at, i.paid_at, i.version, i.wake_seq`;

/** The preimage is not among the columns: it is opened on its own, by the few who need it. */
export function toOperation(row: Row): LightningOperation {
  return {
    id: readBigint(row, "id"),
    operationId: readText(row, "operation_id"),
    ...readLightningPosition(row),
    paymentHash: readText(row, "payment_hash"),
    claimedHash: nullable(row, "claimed_hash", readText),
    bolt11: nullable(row, "bolt11_invoice", readText),
    userPubkey: readText(row, "user_pubkey"),
    sessionId: readText(row, "session_id"),
    ...toAmounts(row),
    userScript: readText(row, "user_script"),
    memo: readText(row, "memo"),
    rfqId: nullable(row, "rfq_id", readText),
    subsidyDay: nullable(row, "subsidy_day", readText),
    htlcExpiryHeight: nullable(row, "htlc_expiry_height", readInteger),
    addIndex: nullable(row, "add_index", readBigint),
    settleIndex: nullable(row, "settle_index", readBigint),
    receivedVtxoId: nullable(row, "received_vtxo_id", readText),
    refundTxid: nullable(row, "refund_txid", readText),
    attempts: readInteger(row, "attempts"),
    lastError: nullable(row, "last_error", readText),
    unknownSince: nullable(row, "unknown_since", readDate),
    createdAt: readDate(row, "created_at"),
    expiresAt: readDate(row, "expires_at"),
    acceptedAt: nullable(row, "accepted_at", readDate),
    paidAt: nullable(row, "paid_at", readDate),
    version: readInteger(row, "version"),
    wakeSeq: readInteger(row, "wake_seq"),
  };
}

function toAmounts(row: Row) {
  return {
    assetId: readText(row, "asset_id"),
    amount: readBigint(row, "amount"),
    amountSats: readBigint(row, "amount_sats"),
    fee: readBigint(row, "fee"),
    carrierUnits: nullable(row, "carrier_units", readBigint),
    carrierMsat: nullable(row, "carrier_msat", readBigint),
    quotedUnits: nullable(row, "quoted_units", readBigint),
    debitedUnits: nullable(row, "debited_units", readBigint),
    feeLimitMsat: nullable(row, "fee_limit_msat", readBigint),
    subsidySats: readBigint(row, "subsidy_sats"),
    routingFeeMsat: nullable(row, "routing_fee_msat", readBigint),
    paidMsat: nullable(row, "paid_msat", readBigint),
  };
}

/** Columns invoice_type, status, error_code. Rows are written by this package alone, so their words are trusted. */
export function readLightningPosition(row: Row): LightningPosition {
  return {
    invoiceType: readText(row, "invoice_type") as "lift" | "land",
    status: readText(row, "status") as LiftStatus | LandStatus,
    errorCode: nullable(row, "error_code", readErrorCode),
  };
}

/** What an UPDATE sets for a change; the preimage comes sealed. `null` empties a column, an absent key leaves it. */
export function toAssignments(
  change: LightningChange,
  sealedPreimage: string | undefined,
): { readonly assignments: readonly string[]; readonly values: readonly SqlParam[] } {
  const columns: readonly (readonly [column: string, value: SqlParam | undefined])[] = [
    ["status", change.status],
    ["claimed_hash", change.claimedHash],
    ["bolt11_invoice", change.bolt11],
    ["preimage", sealedPreimage],
    ["carrier_msat", change.carrierMsat],
    ["quoted_units", change.quotedUnits],
    ["rfq_id", change.rfqId],
    ["debited_units", change.debitedUnits],
    ["fee_limit_msat", change.feeLimitMsat],
    ["subsidy_sats", change.subsidySats],
    ["subsidy_day", change.subsidyDay],
    ["routing_fee_msat", change.routingFeeMsat],
    ["htlc_expiry_height", change.htlcExpiryHeight],
    ["add_index", change.addIndex],
    ["settle_index", change.settleIndex],
    ["paid_msat", change.paidMsat],
    ["received_vtxo_id", change.receivedVtxoId],
    ["refund_txid", change.refundTxid],
    ["attempts", change.attempts],
    ["error_code", change.errorCode],
    ["last_error", change.lastError?.slice(0, ERROR_LENGTH) ?? change.lastError],
    ["unknown_since", change.unknownSince],
    ["expires_at", change.expiresAt],
    ["accepted_at", change.acceptedAt],
    ["paid_at", change.paidAt],
    ["next_at", change.wakeAt],
  ];
  const set = columns.flatMap(([column, value]) => (value === undefined ? [] : [{ column, value }]));
  const wakes = change.wakeAt === undefined ? [] : ["wake_seq = wake_seq + 1", "woken_at = NULL"];
  return {
    assignments: [...set.map(({ column }) => `${column} = ?`), ...wakes],
    values: set.map(({ value }) => value),
  };
}

/** Width of last_error. */
const ERROR_LENGTH = 1000;

export function toAttempt(row: Row): LightningAttempt {
  return {
    operationId: readText(row, "operation_id"),
    attempt: readInteger(row, "attempt"),
    paymentHash: readText(row, "payment_hash"),
    paymentIndex: nullable(row, "payment_index", readBigint),
    lndPubkey: readText(row, "lnd_pubkey"),
    topIndex: readBigint(row, "top_index"),
    sentAt: nullable(row, "sent_at", readDate),
    lastSentAt: nullable(row, "last_sent_at", readDate),
    sends: readInteger(row, "sends"),
    forgottenAt: nullable(row, "forgotten_at", readDate),
    status: readText(row, "status") as LightningAttempt["status"],
    terminal: nullable(row, "terminal", readText),
  };
}
