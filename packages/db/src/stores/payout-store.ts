import { AppError } from "@arkrelay/core/errors";
import {
  PAYOUT_TRANSITIONS,
  type Payout,
  type PayoutAttempt,
  type PayoutCheckpoint,
  type PayoutKind,
  type PayoutOutcome,
  type PayoutOutput,
  type PayoutPart,
  type PayoutStatus,
} from "@arkrelay/core/payout/payout";
import type { NewPayout, PayoutStore } from "@arkrelay/core/ports/lightning-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";
import { NEVER_SENT, type SubmitState } from "@arkrelay/core/session/session";

import type { Database } from "../connection";
import { isDuplicateKey } from "../driver-errors";
import { nullable, readBigint, readDate, readInteger, readJson, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";
import { fromStoredOutputs, toStoredOutputs } from "./stored-output";

const COLUMNS = `id, kind, business_id, pivot_vtxo_id, script, owner_pubkey, asset_id, amount, amount_sats, output_count, parts, status,
  txid, version`;

const ATTEMPT_COLUMNS = `payout_id, attempt, pivot_vtxo_id, txid, role, unsigned_psbt, signed_psbt, checkpoints, outputs,
  input_vtxo_ids, last_sent_at, submit_state, outcome`;

/** A new attempt follows a definite refusal only, so that a payout has a few. */
const ATTEMPTS_MAX = 200;

/** JSON has neither undefined nor bigint. */
type StoredCheckpoint = Omit<PayoutCheckpoint, "finalPsbt"> & { readonly finalPsbt?: string | undefined };

/** payouts and payout_attempts. */
export class DrizzlePayoutStore implements PayoutStore {
  constructor(private readonly database: Pick<Database, "select">) {}

  async insert(tx: Tx, payout: NewPayout): Promise<Payout> {
    const connection = connectionOf(tx);
    try {
      await connection.write(
        `INSERT INTO payouts (kind, business_id, pivot_vtxo_id, script, owner_pubkey, asset_id, amount, amount_sats,
           output_count, parts, next_at, status, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'planned', NOW(3), NOW(3))`,
        [
          payout.kind,
          payout.businessId,
          payout.pivotVtxoId,
          payout.script,
          payout.ownerPubkey,
          payout.assetId,
          payout.amount,
          payout.amountSats,
          payout.outputCount ?? 1,
          payout.parts === undefined ? null : toStoredOutputs(payout.parts),
          payout.wakeAt ?? null,
        ],
      );
    } catch (error) {
      if (!isDuplicateKey(error, "uq_payouts_business")) throw error;
    }
    return getPayout(connection, payout.kind, payout.businessId);
  }

  find(kind: PayoutKind, businessId: string): Promise<Payout | undefined> {
    return findPayout(this.database, kind, businessId);
  }

  lock(tx: Tx, kind: PayoutKind, businessId: string): Promise<Payout | undefined> {
    return findPayout(connectionOf(tx), kind, businessId, "FOR UPDATE");
  }

  async move(
    tx: Tx,
    payout: Payout,
    change: { readonly status?: PayoutStatus; readonly txid?: string; readonly pivotVtxoId?: string },
  ): Promise<Payout> {
    assertPayoutMove(payout.status, change.status ?? payout.status);
    const connection = connectionOf(tx);
    const { affectedRows } = await connection.write(
      `UPDATE payouts SET status = COALESCE(?, status), txid = COALESCE(?, txid), pivot_vtxo_id = COALESCE(?, pivot_vtxo_id),
         version = version + 1, updated_at = NOW(3)
       WHERE id = ? AND status = ? AND version = ?`,
      [
        change.status ?? null,
        change.txid ?? null,
        change.pivotVtxoId ?? null,
        payout.id,
        payout.status,
        payout.version,
      ],
    );
    if (affectedRows === 0) {
      const internal = `payout ${payout.kind} ${payout.businessId} was moved by somebody else`;
      throw new AppError("wrong_state", { internal });
    }
    return getPayout(connection, payout.kind, payout.businessId);
  }

  async notePoisoned(tx: Tx, { id }: Pick<Payout, "id">, at: Date): Promise<void> {
    await connectionOf(tx).write(
      "UPDATE payouts SET poisoned_at = ? WHERE id = ? AND status = 'accepted' AND poisoned_at IS NULL",
      [at, id],
    );
  }

  async insertAttempt(tx: Tx, attempt: Omit<PayoutAttempt, "lastSentAt" | "submitState" | "outcome">): Promise<void> {
    const connection = connectionOf(tx);
    const values = toAttemptValues(attempt);
    try {
      await connection.write(
        `INSERT INTO payout_attempts (payout_id, attempt, pivot_vtxo_id, role, unsigned_psbt, signed_psbt, checkpoints, outputs,
           input_vtxo_ids, txid, outcome, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', NOW(3))`,
        [...values, attempt.txid],
      );
    } catch (error) {
      if (!isDuplicateKey(error, "uq_payout_attempts_txid")) throw error;
      await takeOver(connection, attempt.txid, values);
    }
  }

  async listAttempts(payoutId: bigint): Promise<readonly PayoutAttempt[]> {
    const rows = await this.database.select(
      `SELECT ${ATTEMPT_COLUMNS} FROM payout_attempts WHERE payout_id = ? ORDER BY attempt LIMIT ${ATTEMPTS_MAX}`,
      [payoutId],
    );
    return rows.map(toPayoutAttempt);
  }

  async findAttempt(txid: string): Promise<PayoutAttempt | undefined> {
    const [row] = await this.database.select(`SELECT ${ATTEMPT_COLUMNS} FROM payout_attempts WHERE txid = ?`, [txid]);
    return row === undefined ? undefined : toPayoutAttempt(row);
  }

  async changeAttempt(
    tx: Tx,
    payoutId: bigint,
    attempt: number,
    change: {
      readonly signedPsbt?: string;
      readonly lastSentAt?: Date;
      readonly submitState?: SubmitState;
      readonly outcome?: PayoutOutcome;
      readonly finalCheckpoints?: ReadonlyMap<string, string>;
    },
  ): Promise<void> {
    const connection = connectionOf(tx);
    const checkpoints =
      change.finalCheckpoints === undefined
        ? undefined
        : JSON.stringify(await readFinal(connection, payoutId, attempt, change.finalCheckpoints));
    const params: SqlParam[] = [
      change.signedPsbt ?? null,
      change.lastSentAt ?? null,
      change.submitState === undefined ? null : JSON.stringify(change.submitState),
      change.outcome ?? null,
      checkpoints ?? null,
    ];
    const { affectedRows } = await connection.write(
      `UPDATE payout_attempts SET signed_psbt = COALESCE(?, signed_psbt), last_sent_at = COALESCE(?, last_sent_at),
         submit_state = COALESCE(?, submit_state), outcome = COALESCE(?, outcome), checkpoints = COALESCE(?, checkpoints)
       WHERE payout_id = ? AND attempt = ?`,
      [...params, payoutId, attempt],
    );
    if (affectedRows === 0) throw attemptGone(payoutId, attempt);
  }
}

function toAttemptValues(attempt: Omit<PayoutAttempt, "lastSentAt" | "submitState" | "outcome">): readonly SqlParam[] {
  return [
    attempt.payoutId,
    attempt.attempt,
    attempt.pivotVtxoId,
    attempt.role,
    attempt.unsignedPsbt,
    attempt.signedPsbt ?? null,
    JSON.stringify(attempt.checkpoints),
    toStoredOutputs(attempt.outputs),
    JSON.stringify(attempt.inputVtxoIds),
  ];
}

/** Only what is dead is taken over: its payout was given up, or its inputs would still be locked. */
async function takeOver(connection: SqlHandle, txid: string, values: readonly SqlParam[]): Promise<void> {
  const { affectedRows } = await connection.write(
    `UPDATE payout_attempts SET payout_id = ?, attempt = ?, pivot_vtxo_id = ?, role = ?, unsigned_psbt = ?, signed_psbt = ?,
       checkpoints = ?, outputs = ?, input_vtxo_ids = ?, outcome = 'open', last_sent_at = NULL, submit_state = NULL, created_at = NOW(3)
     WHERE txid = ? AND outcome = 'dead'`,
    [...values, txid],
  );
  if (affectedRows === 0) throw new AppError("wrong_state", { internal: `another payout lives by ${txid}` });
}

/** The machine as a table: what it does not list is refused; same to same is a no-op. */
function assertPayoutMove(from: PayoutStatus, to: PayoutStatus): void {
  const allowed = PAYOUT_TRANSITIONS[from];
  if (from === to || allowed.includes(to)) return;
  throw new AppError("wrong_state", { details: { status: from, allowed } });
}

async function findPayout(
  handle: Pick<SqlHandle, "select">,
  kind: PayoutKind,
  businessId: string,
  lock: "" | "FOR UPDATE" = "",
): Promise<Payout | undefined> {
  const [row] = await handle.select(`SELECT ${COLUMNS} FROM payouts WHERE kind = ? AND business_id = ? ${lock}`, [
    kind,
    businessId,
  ]);
  return row === undefined ? undefined : toPayout(row);
}

async function getPayout(connection: SqlHandle, kind: PayoutKind, businessId: string): Promise<Payout> {
  const payout = await findPayout(connection, kind, businessId);
  if (payout === undefined) throw new AppError("internal_error", { internal: `payout ${kind} ${businessId} is gone` });
  return payout;
}

/** The attempt's checkpoints with the final PSBTs in their places, under the row's lock. */
async function readFinal(
  connection: SqlHandle,
  payoutId: bigint,
  attempt: number,
  final: ReadonlyMap<string, string>,
): Promise<readonly StoredCheckpoint[]> {
  const [row] = await connection.select(
    "SELECT checkpoints FROM payout_attempts WHERE payout_id = ? AND attempt = ? FOR UPDATE",
    [payoutId, attempt],
  );
  if (row === undefined) throw attemptGone(payoutId, attempt);
  const stored = readJson(row, "checkpoints") as readonly StoredCheckpoint[];
  return stored.map((each) => ({ ...each, finalPsbt: final.get(each.txid) ?? each.finalPsbt }));
}

function attemptGone(payoutId: bigint, attempt: number): AppError {
  return new AppError("internal_error", { internal: `payout ${payoutId} has no attempt ${attempt}` });
}

function toPayout(row: Row): Payout {
  return {
    id: readBigint(row, "id"),
    kind: readText(row, "kind") as PayoutKind,
    businessId: readText(row, "business_id"),
    pivotVtxoId: readText(row, "pivot_vtxo_id"),
    script: readText(row, "script"),
    ownerPubkey: readText(row, "owner_pubkey"),
    assetId: readText(row, "asset_id"),
    amount: readBigint(row, "amount"),
    amountSats: readBigint(row, "amount_sats"),
    outputCount: readInteger(row, "output_count"),
    parts: nullable(row, "parts", readParts),
    status: readText(row, "status") as PayoutStatus,
    txid: nullable(row, "txid", readText),
    version: readInteger(row, "version"),
  };
}

function readParts(row: Row, column: string): readonly PayoutPart[] {
  return fromStoredOutputs<PayoutPart>(readJson(row, column));
}

function toPayoutAttempt(row: Row): PayoutAttempt {
  const checkpoints = readJson(row, "checkpoints") as readonly StoredCheckpoint[];
  return {
    payoutId: readBigint(row, "payout_id"),
    attempt: readInteger(row, "attempt"),
    pivotVtxoId: readText(row, "pivot_vtxo_id"),
    txid: readText(row, "txid"),
    role: readText(row, "role") as PayoutAttempt["role"],
    unsignedPsbt: readText(row, "unsigned_psbt"),
    signedPsbt: nullable(row, "signed_psbt", readText),
    checkpoints: checkpoints.map((each) => ({ ...each, finalPsbt: each.finalPsbt })),
    outputs: fromStoredOutputs<PayoutOutput>(readJson(row, "outputs")),
    inputVtxoIds: readJson(row, "input_vtxo_ids") as readonly string[],
    lastSentAt: nullable(row, "last_sent_at", readDate),
    submitState: (nullable(row, "submit_state", readJson) as SubmitState | undefined) ?? NEVER_SENT,
    outcome: readText(row, "outcome") as PayoutOutcome,
  };
}
