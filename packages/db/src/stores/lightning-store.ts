import { AppError } from "@arkrelay/core/errors";
import { assertLightningMove } from "@arkrelay/core/lightning/lightning-machine";
import type { LightningAttempt, LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type {
  InvoiceParty,
  LightningChange,
  LightningFilter,
  LightningStatistics,
  LightningStore,
  NewLightningOperation,
  OpenLandSums,
} from "@arkrelay/core/ports/lightning-stores";
import type { SessionStore } from "@arkrelay/core/ports/session-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Wake } from "@arkrelay/core/ports/waker";
import type { WebhookOutbox } from "@arkrelay/core/ports/webhook-stores";
import { lightningEvent, lightningEventType } from "@arkrelay/core/webhook/lightning-event";
import type { Sealer } from "@arkrelay/runtime/sealing";

import type { Database } from "../connection";
import { isDuplicateKey } from "../driver-errors";
import { nullable, readBigint, readInteger, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";
import { countUnderLock } from "./counter-store";
import { toWake, WORK_TABLES } from "./job-work-tables";
import { OPERATION_COLUMNS, toAssignments, toAttempt, toOperation } from "./lightning-row";
import { tellPayment } from "./tell-payment";

/** `isLightningTerminal` as SQL: a land that failed with its VTXO here is not through. */
const IS_OPEN = `(i.status IN ('pending','accepted','delivering','delivered','pending_payment','received','in_flight','refunding')
  OR (i.status = 'failed' AND i.received_vtxo_id IS NOT NULL))`;

const CLAIM = "uq_lightning_invoices_claimed_hash";

/** Three payments per land are allowed; far more than any land sees. */
const ATTEMPTS_MAX = 50;

export interface LightningAnnouncing {
  readonly webhooks: WebhookOutbox;
  readonly sessions: Pick<SessionStore, "find">;
}

export type OnLightningStatus = (type: "lift" | "land", status: LightningOperation["status"]) => void;

/** lightning_invoices and lightning_attempts. */
export class DrizzleLightningStore implements LightningStore {
  constructor(
    private readonly database: Pick<Database, "select" | "transactions">,
    private readonly sealer: Sealer,
    private readonly onStatus: OnLightningStatus = () => undefined,
    /** Absent: nobody is told by webhook. */
    private readonly announcing?: LightningAnnouncing,
  ) {}

  async insert(tx: Tx, operation: NewLightningOperation): Promise<LightningOperation> {
    const connection = connectionOf(tx);
    if (!operation.claimsHash) await refuseClaimed(connection, operation.paymentHash);
    const { operationId, preimage } = operation;
    const { insertId } = await claiming(operation.paymentHash, () =>
      connection.write(
        `INSERT INTO lightning_invoices (operation_id, invoice_type, status, payment_hash, claimed_hash, bolt11_invoice, user_pubkey,
           session_id, asset_id, amount, amount_sats, fee, carrier_units, quoted_units, user_script, memo, preimage, counted_as, payee_pubkey,
           created_at, updated_at, expires_at, next_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NOW(3), NOW(3), ?, ?)`,
        [
          operationId,
          operation.invoiceType,
          operation.status,
          operation.paymentHash,
          operation.claimsHash ? operation.paymentHash : null,
          operation.bolt11 ?? null,
          operation.userPubkey,
          operation.sessionId,
          operation.assetId,
          operation.amount,
          operation.amountSats,
          operation.fee,
          operation.carrierUnits ?? null,
          operation.quotedUnits ?? null,
          operation.userScript,
          operation.memo,
          preimage === undefined ? null : this.seal(operationId, preimage),
          operation.countedAs ?? null,
          operation.payeePubkey ?? null,
          operation.expiresAt,
          operation.wakeAt ?? null,
        ],
      ),
    );
    this.tellStatus(tx, operation.invoiceType, operation.status);
    return getById(connection, BigInt(insertId));
  }

  find(operationId: string): Promise<LightningOperation | undefined> {
    return findOne(this.database, "i.operation_id = ?", [operationId]);
  }

  findBySession(tx: Tx | undefined, sessionId: string): Promise<LightningOperation | undefined> {
    return findOne(this.handle(tx), "i.session_id = ? ORDER BY i.id LIMIT 1", [sessionId]);
  }

  async findByHash(tx: Tx | undefined, paymentHash: string, party?: InvoiceParty) {
    const handle = this.handle(tx);
    const claimed = await findOne(handle, "i.claimed_hash = ?", [paymentHash]);
    if (claimed !== undefined) return claimed;
    return party === undefined
      ? findOne(handle, "i.payment_hash = ? ORDER BY i.id DESC LIMIT 1", [paymentHash])
      : findOne(
          handle,
          `i.payment_hash = ? AND (i.user_pubkey = ?
             OR EXISTS (SELECT 1 FROM signing_sessions s WHERE s.session_id = i.session_id AND s.created_by = ?))
           ORDER BY i.id DESC LIMIT 1`,
          [paymentHash, party.userPubkey ?? "", party.createdBy ?? ""],
        );
  }

  lock(tx: Tx, operationId: string): Promise<LightningOperation | undefined> {
    return findOne(connectionOf(tx), "i.operation_id = ? FOR UPDATE", [operationId]);
  }

  async move(tx: Tx, operation: LightningOperation, change: LightningChange, fence: string | undefined) {
    if (change.status !== undefined) assertLightningMove(operation.invoiceType, operation.status, change.status);
    const connection = connectionOf(tx);
    const sealed = change.preimage === undefined ? undefined : this.seal(operation.operationId, change.preimage);
    const { assignments, values } = toAssignments(change, sealed);
    const fenced = fence === undefined ? "" : " AND attempt_token = ?";
    // The text depends on which fields change, so it is sent without being prepared.
    const { affectedRows } = await claiming(operation.paymentHash, () =>
      connection.writeOnce(
        `UPDATE lightning_invoices SET ${[...assignments, "version = version + 1", "updated_at = NOW(3)"].join(", ")}
         WHERE id = ? AND status = ? AND version = ?${fenced}`,
        [...values, operation.id, operation.status, operation.version, ...(fence === undefined ? [] : [fence])],
      ),
    );
    if (affectedRows === 0) {
      throw new AppError("wrong_state", {
        internal: `operation ${operation.operationId} was moved by somebody else`,
      });
    }
    const { status = operation.status } = change;
    if (status !== operation.status) {
      const { invoiceType, sessionId, paymentHash } = operation;
      this.tellStatus(tx, invoiceType, status);
      await tellPayment(connection, sessionId, { paymentHash, status });
    }
    const moved = await getById(connection, operation.id);
    if (status !== operation.status) await this.announce(tx, moved);
    return moved;
  }

  async wake(tx: Tx, operationId: string, at: Date): Promise<Wake | undefined> {
    const connection = connectionOf(tx);
    const { affectedRows } = await connection.write(
      `UPDATE lightning_invoices i SET wake_seq = wake_seq + 1, woken_at = NULL, next_at = LEAST(COALESCE(next_at, ?), ?)
       WHERE operation_id = ? AND ${IS_OPEN}`,
      [at, at, operationId],
    );
    if (affectedRows === 0) return undefined;
    const table = WORK_TABLES.lightning_invoices;
    const [row] = await connection.select(
      `SELECT ${table.key}, ${table.wakeColumns} FROM lightning_invoices WHERE operation_id = ?`,
      [operationId],
    );
    return toWake(table, row ?? {});
  }

  async countUnknown(): Promise<number> {
    const [row] = await this.database.select(
      "SELECT COUNT(*) AS n FROM lightning_invoices WHERE unknown_since < NOW(3)",
    );
    return row === undefined ? 0 : readInteger(row, "n");
  }

  async openPreimage(operationId: string): Promise<string | undefined> {
    const [row] = await this.database.select("SELECT preimage FROM lightning_invoices WHERE operation_id = ?", [
      operationId,
    ]);
    const sealed = row === undefined ? undefined : nullable(row, "preimage", readText);
    return sealed === undefined ? undefined : this.sealer.open(sealed, sealContextOf(operationId)).toString("utf8");
  }

  async list(filter: LightningFilter, limit: number, beforeId: bigint | undefined) {
    const conditions = conditionsOf(filter);
    if (beforeId !== undefined) conditions.push(["i.id < ?", [beforeId]]);
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.map(([text]) => text).join(" AND ")}`;
    const rows = await this.database.select(
      `SELECT ${OPERATION_COLUMNS} FROM lightning_invoices i ${where} ORDER BY i.id DESC LIMIT ?`,
      [...conditions.flatMap(([, values]) => values), limit],
    );
    return rows.map(toOperation);
  }

  listOpenLifts(afterId: bigint, limit: number): Promise<readonly LightningOperation[]> {
    return this.listAfter(
      "i.invoice_type = 'lift' AND i.status IN ('pending','accepted','delivering','delivered')",
      afterId,
      limit,
    );
  }

  listInFlightLands(afterId: bigint, limit: number): Promise<readonly LightningOperation[]> {
    return this.listAfter("i.invoice_type = 'land' AND i.status = 'in_flight'", afterId, limit);
  }

  async countUnpaidLifts(tx: Tx, of: Parameters<LightningStore["countUnpaidLifts"]>[1]) {
    const connection = connectionOf(tx);
    await connection.select("SELECT id FROM vtxo_scripts WHERE owner_pubkey = ? FOR UPDATE", [of.userPubkey]);
    // A caller has no row of its own, so its counter of such calls stands for it.
    await countUnderLock(connection, { scope: "lifts", subject: of.countedAs, name: "requested" });
    const [row] = await connection.select(
      `SELECT COALESCE(SUM(i.user_pubkey = ?), 0) AS of_user, COALESCE(SUM(i.counted_as = ?), 0) AS of_caller,
         COALESCE(SUM(IF(i.asset_id = ?, i.amount, 0)), 0) AS total
       FROM lightning_invoices i WHERE i.invoice_type = 'lift' AND i.status = 'pending'`,
      [of.userPubkey, of.countedAs, of.assetId],
    );
    return {
      ofUser: readInteger(row ?? {}, "of_user"),
      ofCaller: readInteger(row ?? {}, "of_caller"),
      totalAmount: readBigint(row ?? {}, "total"),
    };
  }

  async countOpenLands(tx: Tx | undefined, userPubkey: string): Promise<number> {
    const [row] = await this.handle(tx).select(
      `SELECT COUNT(*) AS n FROM lightning_invoices i
       WHERE i.user_pubkey = ? AND i.invoice_type = 'land' AND i.status <> 'pending_payment' AND ${IS_OPEN}`,
      [userPubkey],
    );
    return readInteger(row ?? {}, "n");
  }

  async sumOpenLands(tx: Tx | undefined, of: Parameters<LightningStore["sumOpenLands"]>[1]): Promise<OpenLandSums> {
    const [row] = await this.handle(tx).select(
      `SELECT COALESCE(SUM(IF(i.status = 'received', i.amount, 0)), 0) AS received,
         COALESCE(SUM(IF(i.status = 'in_flight', i.amount, 0)), 0) AS in_flight,
         COALESCE(SUM(IF(i.payee_pubkey = ?, i.amount, 0)), 0) AS to_payee
       FROM lightning_invoices i
       WHERE i.invoice_type = 'land' AND i.status IN ('received','in_flight') AND i.asset_id = ?`,
      [of.payeePubkey, of.assetId],
    );
    const units = (column: string) => readBigint(row ?? {}, column);
    return { received: units("received"), inFlight: units("in_flight"), toPayee: units("to_payee") };
  }

  async insertAttempt(
    tx: Tx,
    attempt: Pick<LightningAttempt, "operationId" | "attempt" | "paymentHash" | "lndPubkey" | "topIndex">,
  ): Promise<void> {
    await connectionOf(tx).write(
      `INSERT INTO lightning_attempts (operation_id, payment_hash, attempt, lnd_pubkey, top_index, status, created_at)
       VALUES (?, ?, ?, ?, ?, 'created', NOW(3))`,
      [attempt.operationId, attempt.paymentHash, attempt.attempt, attempt.lndPubkey, attempt.topIndex],
    );
  }

  async listAttempts(operationId: string): Promise<readonly LightningAttempt[]> {
    const rows = await this.database.select(
      `SELECT operation_id, payment_hash, attempt, payment_index, lnd_pubkey, top_index, sent_at, last_sent_at, sends, forgotten_at, status, terminal
       FROM lightning_attempts WHERE operation_id = ? ORDER BY attempt LIMIT ${ATTEMPTS_MAX}`,
      [operationId],
    );
    return rows.map(toAttempt);
  }

  async markAttemptSent(tx: Tx, operationId: string, attempt: number, at: Date): Promise<boolean> {
    const { affectedRows } = await connectionOf(tx).write(
      `UPDATE lightning_attempts SET status = 'sent', sent_at = COALESCE(sent_at, ?), last_sent_at = ?, sends = sends + 1
       WHERE operation_id = ? AND attempt = ? AND status IN ('created','sent') AND terminal IS NULL`,
      [at, at, operationId, attempt],
    );
    return affectedRows === 1;
  }

  async markAttemptForgotten(tx: Tx, operationId: string, attempt: number, at: Date): Promise<void> {
    await connectionOf(tx).write(
      `UPDATE lightning_attempts SET forgotten_at = ?
       WHERE operation_id = ? AND attempt = ? AND forgotten_at IS NULL AND terminal IS NULL`,
      [at, operationId, attempt],
    );
  }

  async endAttempt(
    tx: Tx,
    operationId: string,
    attempt: number,
    end: Parameters<LightningStore["endAttempt"]>[3],
  ): Promise<boolean> {
    const { affectedRows } = await connectionOf(tx).write(
      `UPDATE lightning_attempts SET status = ?, terminal = ?, payment_index = COALESCE(?, payment_index)
       WHERE operation_id = ? AND attempt = ? AND terminal IS NULL`,
      [end.status, end.terminal.slice(0, TERMINAL_LENGTH), end.paymentIndex ?? null, operationId, attempt],
    );
    return affectedRows === 1;
  }

  async readStatistics(since: Date): Promise<LightningStatistics> {
    const [row] = await this.database.select(
      `SELECT COUNT(*) AS total, COALESCE(SUM(i.status = 'paid'), 0) AS paid, COALESCE(SUM(${IS_OPEN}), 0) AS pending,
         COALESCE(SUM(i.status = 'expired'), 0) AS expired, COALESCE(SUM(i.invoice_type = 'lift'), 0) AS lifts,
         COALESCE(SUM(i.invoice_type = 'land'), 0) AS lands,
         COALESCE(SUM(IF(i.status = 'paid' AND (i.invoice_type = 'land' OR i.asset_id = 'gBTC'), i.amount_sats, 0)), 0) AS volume_sats
       FROM lightning_invoices i WHERE i.created_at >= ?`,
      [since],
    );
    return toStatistics(row ?? {});
  }

  private async listAfter(condition: string, afterId: bigint, limit: number): Promise<readonly LightningOperation[]> {
    const rows = await this.database.select(
      `SELECT ${OPERATION_COLUMNS} FROM lightning_invoices i WHERE ${condition} AND i.id > ? ORDER BY i.id LIMIT ?`,
      [afterId, limit],
    );
    return rows.map(toOperation);
  }

  private async announce(tx: Tx, operation: LightningOperation): Promise<void> {
    const type = lightningEventType(operation);
    if (type === undefined || this.announcing === undefined) return;
    const { sessions, webhooks } = this.announcing;
    await webhooks.announce(tx, lightningEvent(type, operation, await sessions.find(operation.sessionId)));
  }

  private tellStatus(tx: Tx, ...status: Parameters<OnLightningStatus>): void {
    this.database.transactions.afterEnd(tx, async (isCommitted) => {
      if (isCommitted) this.onStatus(...status);
    });
  }

  private seal(operationId: string, preimage: string): string {
    return this.sealer.seal(preimage, sealContextOf(operationId));
  }

  private handle(tx: Tx | undefined): Pick<SqlHandle, "select"> {
    return tx === undefined ? this.database : connectionOf(tx);
  }
}

/** Width of the column. */
const TERMINAL_LENGTH = 255;

function sealContextOf(operationId: string) {
  return { table: "lightning_invoices", column: "preimage", row: operationId };
}

/** A land may quote a hash that others quote too, but not one that is a lift's or that a land already brought its VTXO for. */
async function refuseClaimed(connection: SqlHandle, paymentHash: string): Promise<void> {
  const rows = await connection.select("SELECT 1 FROM lightning_invoices WHERE claimed_hash = ?", [paymentHash]);
  if (rows.length > 0) throw new AppError("invoice_used", { details: { payment_hash: paymentHash } });
}

async function claiming<T>(paymentHash: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isDuplicateKey(error, CLAIM)) throw error;
    throw new AppError("invoice_used", { cause: error, details: { payment_hash: paymentHash } });
  }
}

async function findOne(
  handle: Pick<SqlHandle, "select">,
  condition: string,
  params: readonly SqlParam[],
): Promise<LightningOperation | undefined> {
  const [row] = await handle.select(`SELECT ${OPERATION_COLUMNS} FROM lightning_invoices i WHERE ${condition}`, params);
  return row === undefined ? undefined : toOperation(row);
}

async function getById(connection: SqlHandle, id: bigint): Promise<LightningOperation> {
  const operation = await findOne(connection, "i.id = ?", [id]);
  if (operation === undefined) throw new AppError("internal_error", { internal: `lightning row ${id} is gone` });
  return operation;
}

function conditionsOf(filter: LightningFilter): [string, SqlParam[]][] {
  const conditions: [string, SqlParam[]][] = [];
  if (filter.invoiceType !== undefined) conditions.push(["i.invoice_type = ?", [filter.invoiceType]]);
  if (filter.userPubkey !== undefined) conditions.push(["i.user_pubkey = ?", [filter.userPubkey]]);
  if (filter.pendingOnly === true) conditions.push([IS_OPEN, []]);
  if (filter.unknownBefore !== undefined) conditions.push(["i.unknown_since < ?", [filter.unknownBefore]]);
  if (filter.attemptedOnly === true) conditions.push(["i.attempts > 0", []]);
  return conditions;
}

function toStatistics(row: Row): LightningStatistics {
  return {
    total: readInteger(row, "total"),
    paid: readInteger(row, "paid"),
    pending: readInteger(row, "pending"),
    expired: readInteger(row, "expired"),
    lifts: readInteger(row, "lifts"),
    lands: readInteger(row, "lands"),
    volumeSats: readBigint(row, "volume_sats"),
  };
}
