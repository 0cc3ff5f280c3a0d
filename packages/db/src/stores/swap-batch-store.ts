import { AppError } from "@arkrelay/core/errors";
import type { NewSwapBatch, SwapBatchChange, SwapBatchStore } from "@arkrelay/core/ports/swap-batch-store";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Delivery } from "@arkrelay/core/session/session";
import {
  canMoveBatch,
  SWAP_BATCH_TRANSITIONS,
  type SwapBatch,
  type SwapBatchStatus,
} from "@arkrelay/core/swap/swap-batch";

import type { Database } from "../connection";
import { DuplicateKeyError } from "../driver-errors";
import { nullable, readBigint, readDate, readInteger, readText, type Row } from "../row";
import { connectionOf } from "../transactions";
import { readErrorCode } from "./session-row";

const COLUMNS = `b.id, b.author_pubkey, b.batch_id, b.status, b.content_hash, b.head_session_id, b.delivery, b.ark_txid,
  b.request_event_id, b.error_code, b.expires_at`;

/** swap_batches: one row per (author, batch_id), for ever. */
export class DrizzleSwapBatchStore implements SwapBatchStore {
  constructor(private readonly database: Pick<Database, "select">) {}

  async insert(tx: Tx, batch: NewSwapBatch): Promise<void> {
    try {
      await connectionOf(tx).write(
        `INSERT INTO swap_batches (author_pubkey, batch_id, status, allocations, content_hash, head_session_id, delivery,
           request_event_id, expires_at, created_at) VALUES (?, ?, 'open', ?, ?, ?, ?, ?, ?, NOW(3))`,
        [
          batch.authorPubkey,
          batch.batchId,
          JSON.stringify(batch.allocations),
          batch.contentHash,
          batch.headId,
          batch.delivery,
          batch.requestEventId ?? null,
          batch.expiresAt,
        ],
      );
    } catch (error) {
      if (!(error instanceof DuplicateKeyError)) throw error;
      throw new AppError("conflict", { message: "The batch exists", cause: error });
    }
  }

  async find(authorPubkey: string, batchId: string): Promise<SwapBatch | undefined> {
    const [row] = await this.database.select(
      `SELECT ${COLUMNS} FROM swap_batches b WHERE b.author_pubkey = ? AND b.batch_id = ?`,
      [authorPubkey, batchId],
    );
    return row === undefined ? undefined : toSwapBatch(row);
  }

  async findByHead(tx: Tx | undefined, headId: bigint): Promise<SwapBatch | undefined> {
    const handle = tx === undefined ? this.database : connectionOf(tx);
    const [row] = await handle.select(`SELECT ${COLUMNS} FROM swap_batches b WHERE b.head_session_id = ?`, [headId]);
    return row === undefined ? undefined : toSwapBatch(row);
  }

  async move(tx: Tx, headId: bigint, from: SwapBatchStatus, change: SwapBatchChange): Promise<void> {
    const { status, errorCode, isUnanswered = false, endedAt } = change;
    if (!canMoveBatch(from, status)) {
      throw new AppError("wrong_state", { details: { status: from, allowed: SWAP_BATCH_TRANSITIONS[from] } });
    }
    const { affectedRows } = await connectionOf(tx).write(
      `UPDATE swap_batches SET status = ?, error_code = ?, is_unanswered = ?,
         ended_at = ? WHERE head_session_id = ? AND status = ?`,
      [status, errorCode ?? null, isUnanswered, endedAt ?? null, headId, from],
    );
    if (affectedRows === 0) {
      throw new AppError("wrong_state", { internal: `the batch of session row ${headId} is not ${from}` });
    }
  }

  async setTxid(tx: Tx, headId: bigint, arkTxid: string): Promise<void> {
    await connectionOf(tx).write("UPDATE swap_batches SET ark_txid = ? WHERE head_session_id = ?", [arkTxid, headId]);
  }

  async countUnanswered(authorPubkey: string, since: Date): Promise<number> {
    const [row] = await this.database.select(
      "SELECT COUNT(*) AS n FROM swap_batches WHERE author_pubkey = ? AND is_unanswered AND ended_at >= ?",
      [authorPubkey, since],
    );
    return readInteger(row ?? {}, "n");
  }
}

function toSwapBatch(row: Row): SwapBatch {
  return {
    id: readBigint(row, "id"),
    authorPubkey: readText(row, "author_pubkey"),
    batchId: readText(row, "batch_id"),
    status: readText(row, "status") as SwapBatchStatus,
    contentHash: readText(row, "content_hash"),
    headId: readBigint(row, "head_session_id"),
    delivery: readText(row, "delivery") as Delivery,
    arkTxid: nullable(row, "ark_txid", readText),
    requestEventId: nullable(row, "request_event_id", readText),
    errorCode: nullable(row, "error_code", readErrorCode),
    expiresAt: readDate(row, "expires_at"),
  };
}
