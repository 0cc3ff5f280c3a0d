import { AppError, assert, type ErrorCode } from "@arkrelay/core/errors";
import type {
  PlannedTransaction,
  TransactionRow,
  TransactionStatus,
  TransactionStore,
  UserTransactionFilter,
} from "@arkrelay/core/ports/transaction-store";
import type { Tx } from "@arkrelay/core/ports/transactions";

import type { Database } from "../connection";
import { DuplicateKeyError } from "../driver-errors";
import { nullable, readBigint, readDate, readInteger, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";
import { placeholders } from "./job-work-tables";
import { NO_OBSERVER, type SessionObserver } from "./session-observer";
import { readErrorCode } from "./session-row";

const COLUMNS = `t.id, t.txid, t.session_id, t.tx_type, t.status, t.asset_id, t.asset_amount, t.amount_sats, t.fee_sats,
  t.sender_pubkey, t.recipient_pubkey, t.commitment_txid, t.block_height, t.created_at, t.confirmed_at, t.acknowledged_at,
  t.error_code, t.error_message`;

/** Txids of one statement. */
const COMMITTED_MAX = 500;

/** transactions and transaction_parties. */
export class DrizzleTransactionStore implements TransactionStore {
  constructor(
    private readonly database: Pick<Database, "select" | "transactions">,
    private readonly observer: SessionObserver = NO_OBSERVER,
  ) {}

  async noteCommitment(
    tx: Tx,
    txids: readonly string[],
    { commitmentTxid, blockHeight }: { readonly commitmentTxid: string; readonly blockHeight: number },
  ): Promise<void> {
    for (let start = 0; start < txids.length; start += COMMITTED_MAX) {
      const part = txids.slice(start, start + COMMITTED_MAX);
      await connectionOf(tx).writeOnce(
        `UPDATE transactions SET commitment_txid = ?, block_height = ? WHERE txid IN (${placeholders(part)})`,
        [commitmentTxid, blockHeight, ...part],
      );
    }
  }

  async plan(tx: Tx, planned: PlannedTransaction): Promise<void> {
    const connection = connectionOf(tx);
    const transactionId = (await tryInsert(connection, planned)) ?? (await takeOver(connection, planned));
    const rows = planned.parties.map(() => "(?, ?, ?, ?, ?)").join(", ");
    await connection.writeOnce(
      `INSERT INTO transaction_parties (transaction_id, pubkey, direction, asset_id, amount) VALUES ${rows}
       ON DUPLICATE KEY UPDATE amount = VALUES(amount)`,
      planned.parties.flatMap((each): SqlParam[] => [
        transactionId,
        each.pubkey,
        each.direction,
        each.assetId,
        each.amount,
      ]),
    );
  }

  async fail(
    tx: Tx,
    txid: string,
    sessionId: string,
    error: { readonly txType: string; readonly errorCode: ErrorCode; readonly errorMessage: string },
  ): Promise<void> {
    const { affectedRows } = await connectionOf(tx).write(
      `UPDATE transactions SET status = 'failed', error_code = ?, error_message = ?
       WHERE txid = ? AND session_id = ? AND status = 'pending'`,
      [error.errorCode, error.errorMessage, txid, sessionId],
    );
    if (affectedRows > 0) this.tellEnd(tx, error.txType, "failed");
  }

  async markBroadcast(tx: Tx, txid: string, sessionId: string): Promise<void> {
    const { affectedRows } = await connectionOf(tx).write(
      `UPDATE transactions SET status = 'broadcast', error_code = NULL, error_message = NULL
       WHERE txid = ? AND session_id = ? AND status IN ('pending','broadcast','failed')`,
      [txid, sessionId],
    );
    assert(affectedRows === 1, `transaction ${txid} is not session ${sessionId}'s`);
  }

  async confirm(
    tx: Tx,
    txid: string,
    sessionId: string,
    final: { readonly txType: string; readonly confirmedAt: Date; readonly rawTx: string },
  ): Promise<void> {
    const { affectedRows } = await connectionOf(tx).write(
      `UPDATE transactions SET status = 'confirmed', confirmed_at = ?, raw_tx = ?
       WHERE txid = ? AND session_id = ? AND status IN ('pending','broadcast')`,
      [final.confirmedAt, final.rawTx, txid, sessionId],
    );
    assert(affectedRows === 1, `transaction ${txid} of session ${sessionId} cannot be confirmed`);
    this.tellEnd(tx, final.txType, "confirmed");
  }

  async find(txid: string): Promise<TransactionRow | undefined> {
    const [row] = await this.database.select(`SELECT ${COLUMNS} FROM transactions t WHERE t.txid = ?`, [txid]);
    return row === undefined ? undefined : toTransaction(row);
  }

  async isParty(transactionId: bigint, pubkey: string): Promise<boolean> {
    const rows = await this.database.select(
      "SELECT 1 FROM transaction_parties WHERE transaction_id = ? AND pubkey = ? LIMIT 1",
      [transactionId, pubkey],
    );
    return rows.length > 0;
  }

  async listOfUser(pubkey: string, filter: UserTransactionFilter, limit: number, beforeId: bigint | undefined) {
    // A transfer of an asset moves sats too; as a party one counts by the asset it is about, so that it is listed once.
    const conditions: [string, SqlParam[]][] = [["p.pubkey = ? AND p.asset_id = t.asset_id", [pubkey]]];
    if (filter.direction !== undefined) conditions.push(["p.direction = ?", [filter.direction]]);
    if (filter.assetId !== undefined) conditions.push(["p.asset_id = ?", [filter.assetId]]);
    if (filter.createdBy !== undefined) {
      conditions.push([
        "EXISTS (SELECT 1 FROM signing_sessions s WHERE s.session_id = t.session_id AND s.created_by = ?)",
        [filter.createdBy],
      ]);
    }
    if (beforeId !== undefined) conditions.push(["t.id < ?", [beforeId]]);
    const rows = await this.database.select(
      `SELECT ${COLUMNS}, p.direction FROM transaction_parties p JOIN transactions t ON t.id = p.transaction_id
       WHERE ${conditions.map(([text]) => text).join(" AND ")} ORDER BY t.id DESC LIMIT ?`,
      [...conditions.flatMap(([, values]) => values), limit],
    );
    return rows.map((row) => ({ ...toTransaction(row), direction: readText(row, "direction") as "in" | "out" }));
  }

  async acknowledge(tx: Tx, txid: string, at: Date): Promise<Date> {
    const connection = connectionOf(tx);
    await connection.write("UPDATE transactions SET acknowledged_at = COALESCE(acknowledged_at, ?) WHERE txid = ?", [
      at,
      txid,
    ]);
    const [row] = await connection.select("SELECT acknowledged_at FROM transactions WHERE txid = ?", [txid]);
    if (row === undefined) throw new AppError("not_found");
    return readDate(row, "acknowledged_at");
  }

  private tellEnd(tx: Tx, type: string, status: "confirmed" | "failed"): void {
    this.database.transactions.afterEnd(tx, async (isCommitted) => {
      if (isCommitted) this.observer.transactionEnded(type, status);
    });
  }
}

async function tryInsert(connection: SqlHandle, planned: PlannedTransaction): Promise<bigint | undefined> {
  try {
    const { insertId } = await connection.write(
      `INSERT INTO transactions (txid, session_id, tx_type, status, asset_id, asset_amount, amount_sats, fee_sats, sender_pubkey,
         recipient_pubkey, created_at) VALUES (?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, NOW(3))`,
      [
        planned.txid,
        planned.sessionId,
        planned.txType,
        planned.assetId,
        planned.assetAmount,
        planned.amountSats,
        planned.feeSats,
        planned.senderPubkey,
        planned.recipientPubkey,
      ],
    );
    return BigInt(insertId);
  } catch (error) {
    if (error instanceof DuplicateKeyError) return undefined;
    throw error;
  }
}

/** Same inputs and outputs give the same txid, so a failed attempt's row goes to the new one; a live one stays where it is. */
async function takeOver(connection: SqlHandle, planned: PlannedTransaction): Promise<bigint> {
  const { affectedRows } = await connection.write(
    `UPDATE transactions SET session_id = ?, status = 'pending', error_code = NULL, error_message = NULL, created_at = NOW(3)
     WHERE txid = ? AND status = 'failed'`,
    [planned.sessionId, planned.txid],
  );
  const [row] = await connection.select(`SELECT ${COLUMNS} FROM transactions t WHERE t.txid = ?`, [planned.txid]);
  assert(row !== undefined, "a duplicate has a row");
  const current = toTransaction(row);
  if (affectedRows === 0) {
    throw new AppError("wrong_state", { details: { status: current.status, session_id: current.sessionId } });
  }
  return current.id;
}

function toTransaction(row: Row): TransactionRow {
  return {
    id: readBigint(row, "id"),
    txid: readText(row, "txid"),
    sessionId: readText(row, "session_id"),
    txType: readText(row, "tx_type"),
    status: readText(row, "status") as TransactionStatus,
    assetId: readText(row, "asset_id"),
    assetAmount: readBigint(row, "asset_amount"),
    amountSats: readBigint(row, "amount_sats"),
    feeSats: readBigint(row, "fee_sats"),
    senderPubkey: readText(row, "sender_pubkey"),
    recipientPubkey: readText(row, "recipient_pubkey"),
    commitmentTxid: nullable(row, "commitment_txid", readText),
    blockHeight: nullable(row, "block_height", readInteger),
    createdAt: readDate(row, "created_at"),
    confirmedAt: nullable(row, "confirmed_at", readDate),
    acknowledgedAt: nullable(row, "acknowledged_at", readDate),
    errorCode: nullable(row, "error_code", readErrorCode),
    errorMessage: nullable(row, "error_message", readText),
  };
}
