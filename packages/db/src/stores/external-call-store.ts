import { assert } from "@arkrelay/core/errors";
import { StaleAttempt, type Attempt } from "@arkrelay/core/jobs/attempt-store";
import type {
  ExternalCall,
  ExternalCallState,
  ExternalCallStore,
  NewExternalCall,
} from "@arkrelay/core/ports/external-call-store";
import type { Tx } from "@arkrelay/core/ports/transactions";

import type { Database } from "../connection";
import { nullable, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";

type CallKey = Parameters<ExternalCallStore["find"]>[0];

const STATES: readonly ExternalCallState[] = ["sent", "confirmed", "failed", "unknown"];
const ERROR_LENGTH = 1_000;
const OF_KEY = "service = ? AND kind = ? AND business_key = ?";

/** external_calls: the intention before every write of a job to a daemon. */
export class DrizzleExternalCallStore implements ExternalCallStore {
  constructor(private readonly database: Pick<Database, "select">) {}

  async find(key: CallKey): Promise<ExternalCall | undefined> {
    const [row] = await this.database.select(
      `SELECT service, kind, business_key, state, external_id FROM external_calls WHERE ${OF_KEY}`,
      paramsOf(key),
    );
    return row === undefined ? undefined : toExternalCall(row);
  }

  async begin(tx: Tx, attempt: Attempt, call: NewExternalCall): Promise<boolean> {
    const connection = connectionOf(tx);
    // committed_at may be set already by an attempt before this one; it only has to stand behind no cancel.
    const { affectedRows } = await connection.write(
      `UPDATE job_logs SET committed_at = NOW(3), updated_at = NOW(3)
       WHERE job_id = ? AND attempt_token = ? AND cancel_requested = FALSE`,
      [attempt.rowKey, attempt.token],
    );
    if (affectedRows === 0) {
      await assertToken(tx, attempt);
      return false;
    }
    await insertSent(connection, attempt.rowKey, call);
    return true;
  }

  async open(tx: Tx, jobId: string, call: NewExternalCall): Promise<void> {
    const connection = connectionOf(tx);
    await connection.write("UPDATE job_logs SET committed_at = NOW(3) WHERE job_id = ? AND status = 'pending'", [
      jobId,
    ]);
    await insertSent(connection, jobId, call);
  }

  async end(tx: Tx, attempt: Attempt, key: CallKey, outcome: Parameters<ExternalCallStore["end"]>[3]): Promise<void> {
    await assertToken(tx, attempt);
    const [externalId, error] =
      outcome.state === "confirmed" ? [outcome.externalId, null] : [null, outcome.error.slice(0, ERROR_LENGTH)];
    await connectionOf(tx).write(
      `UPDATE external_calls SET state = ?, external_id = COALESCE(?, external_id), error = ?, at = NOW(3)
       WHERE ${OF_KEY} AND state IN ('sent', 'unknown')`,
      [outcome.state, externalId, error, ...paramsOf(key)],
    );
  }

  async confirm(tx: Tx, key: CallKey, externalId: string): Promise<void> {
    await connectionOf(tx).write(
      `UPDATE external_calls SET state = 'confirmed', external_id = ?, error = NULL, at = NOW(3)
       WHERE ${OF_KEY} AND state IN ('sent', 'unknown')`,
      [externalId, ...paramsOf(key)],
    );
  }
}

async function insertSent(connection: SqlHandle, jobId: string, call: NewExternalCall): Promise<void> {
  await connection.write(
    `INSERT INTO external_calls (service, kind, business_key, job_id, request, state, attempts, at)
     VALUES (?, ?, ?, ?, ?, 'sent', 1, NOW(3))
     ON DUPLICATE KEY UPDATE attempts = IF(state = 'failed', attempts + 1, attempts),
       error = IF(state = 'failed', NULL, error), at = IF(state = 'failed', NOW(3), at),
       state = IF(state = 'failed', 'sent', state)`,
    [...paramsOf(call), jobId, JSON.stringify(call.request)],
  );
}

async function assertToken(tx: Tx, attempt: Attempt): Promise<void> {
  const rows = await connectionOf(tx).select(
    "SELECT 1 FROM job_logs WHERE job_id = ? AND attempt_token = ? FOR UPDATE",
    [attempt.rowKey, attempt.token],
  );
  if (rows.length === 0) throw new StaleAttempt(attempt);
}

function paramsOf(key: CallKey): readonly string[] {
  return [key.service, key.kind, key.businessKey];
}

function toExternalCall(row: Row): ExternalCall {
  const state = readText(row, "state");
  const known = STATES.find((each) => each === state);
  assert(known !== undefined, `external_calls has the unknown state ${state}`);
  return {
    service: readText(row, "service"),
    kind: readText(row, "kind"),
    businessKey: readText(row, "business_key"),
    state: known,
    externalId: nullable(row, "external_id", readText),
  };
}
