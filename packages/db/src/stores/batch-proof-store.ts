import type { BatchProof, BatchProofStore } from "@arkrelay/core/ports/batch-proof-store";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { readDate, readText } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";

const IS_OPEN = "session_id IS NOT NULL AND status IN ('planned','registered')";

/** The users' rows of settlement_intents. */
export class DrizzleBatchProofStore implements BatchProofStore {
  constructor(private readonly database: Pick<SqlHandle, "select">) {}

  async insert(tx: Tx, { sessionId, proof, message, validUntil }: BatchProof): Promise<void> {
    await connectionOf(tx).write(
      `INSERT INTO settlement_intents (settlement_id, session_id, proof, message, status, valid_until, created_at)
       VALUES (NULL, ?, ?, ?, 'planned', ?, NOW(3))`,
      [sessionId, proof, message, validUntil],
    );
  }

  async listOpen(): Promise<readonly BatchProof[]> {
    const rows = await this.database.select(
      `SELECT session_id, proof, message, valid_until FROM settlement_intents WHERE ${IS_OPEN} ORDER BY id`,
      [],
    );
    return rows.map((row) => ({
      sessionId: readText(row, "session_id"),
      proof: readText(row, "proof"),
      message: readText(row, "message"),
      validUntil: readDate(row, "valid_until"),
    }));
  }

  async note(
    tx: Tx,
    sessionId: string,
    { arkdIntentId, status }: Parameters<BatchProofStore["note"]>[2],
  ): Promise<void> {
    await connectionOf(tx).write(
      `UPDATE settlement_intents SET status = ?, arkd_intent_id = COALESCE(?, arkd_intent_id) WHERE session_id = ? AND ${IS_OPEN}`,
      [status, arkdIntentId ?? null, sessionId],
    );
  }
}
