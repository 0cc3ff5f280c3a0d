import { assert } from "@arkrelay/core/errors";
import type {
  NewSessionPlan,
  PlannedOutput,
  SessionInput,
  SessionTx,
  SessionTxStore,
} from "@arkrelay/core/ports/session-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Session } from "@arkrelay/core/session/session";

import type { Database } from "../connection";
import { nullable, readInteger, readJson, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";
import { fromStoredOutputs, toStoredOutputs } from "./stored-output";

/** session_txs and session_inputs. */
export class DrizzleSessionTxStore implements SessionTxStore {
  constructor(private readonly database: Pick<Database, "select" | "selectOnce">) {}

  async storePlan(tx: Tx, session: Session, plan: NewSessionPlan): Promise<void> {
    const connection = connectionOf(tx);
    if (plan.replaces) {
      await connection.write("DELETE FROM session_txs WHERE session_id = ?", [session.id]);
      await connection.write("DELETE FROM session_inputs WHERE session_id = ?", [session.id]);
    }
    const outputs = toStoredOutputs(plan.outputs);
    const txs = [
      ["ark", plan.txs.ark, outputs] as const,
      ...plan.txs.checkpoints.map((checkpoint) => ["checkpoint", checkpoint, null] as const),
    ];
    await connection.writeOnce(
      `INSERT INTO session_txs (session_id, role, txid, seq, unsigned_psbt, planned_outputs) VALUES ${rowsOf(txs, 6)}`,
      txs.flatMap(([role, each, planned]): SqlParam[] => [
        session.id,
        role,
        each.txid,
        each.seq,
        each.unsignedPsbt,
        planned,
      ]),
    );
    await connection.writeOnce(
      `INSERT INTO session_inputs (session_id, vtxo_id, role, input_index) VALUES ${rowsOf(plan.inputs, 4)}`,
      plan.inputs.flatMap((input): SqlParam[] => [session.id, input.vtxoId, input.role, input.inputIndex]),
    );
  }

  async find(tx: Tx | undefined, sessionRowId: bigint) {
    const rows = await this.handle(tx).select(
      `SELECT role, txid, seq, unsigned_psbt, signed_psbt, server_psbt, final_psbt, planned_outputs
       FROM session_txs WHERE session_id = ? ORDER BY role, seq`,
      [sessionRowId],
    );
    const ark = rows.find((row) => readText(row, "role") === "ark");
    if (ark === undefined) return undefined;
    const checkpoints = rows.filter((row) => readText(row, "role") === "checkpoint").map(toSessionTx);
    const outputs = fromStoredOutputs<PlannedOutput>(readJson(ark, "planned_outputs"));
    return { txs: { ark: toSessionTx(ark), checkpoints }, outputs };
  }

  async findTxids(sessionRowId: bigint) {
    const rows = await this.database.select(
      "SELECT role, txid FROM session_txs WHERE session_id = ? ORDER BY role, seq",
      [sessionRowId],
    );
    const txidsOf = (role: string) =>
      rows.filter((row) => readText(row, "role") === role).map((row) => readText(row, "txid"));
    const [ark] = txidsOf("ark");
    return ark === undefined ? undefined : { ark, checkpoints: txidsOf("checkpoint") };
  }

  async listInputs(sessionRowId: bigint): Promise<readonly SessionInput[]> {
    const rows = await this.database.select(
      "SELECT vtxo_id, role, input_index FROM session_inputs WHERE session_id = ? ORDER BY input_index",
      [sessionRowId],
    );
    return rows.map((row) => ({
      vtxoId: readText(row, "vtxo_id"),
      role: readText(row, "role") as SessionInput["role"],
      inputIndex: readInteger(row, "input_index"),
    }));
  }

  async findChangeOutputs(tx: Tx | undefined, txids: readonly string[]): Promise<ReadonlySet<string>> {
    if (txids.length === 0) return new Set();
    const rows = await this.handle(tx).select(
      `SELECT txid, planned_outputs FROM session_txs WHERE role = 'ark' AND txid IN (${txids.map(() => "?").join(", ")})`,
      [...txids],
    );
    return new Set(
      rows.flatMap((row) =>
        fromStoredOutputs<PlannedOutput>(readJson(row, "planned_outputs"))
          .filter(({ role }) => role === "change")
          .map(({ vout }) => `${readText(row, "txid")}:${String(vout)}`),
      ),
    );
  }

  setSigned(tx: Tx, sessionRowId: bigint, psbts: ReadonlyMap<string, string>): Promise<void> {
    return setPsbts(tx, "signed_psbt", sessionRowId, psbts);
  }

  setServer(tx: Tx, sessionRowId: bigint, psbts: ReadonlyMap<string, string>): Promise<void> {
    return setPsbts(tx, "server_psbt", sessionRowId, psbts);
  }

  setFinal(tx: Tx, sessionRowId: bigint, psbts: ReadonlyMap<string, string>): Promise<void> {
    return setPsbts(tx, "final_psbt", sessionRowId, psbts);
  }

  private handle(tx: Tx | undefined): Pick<SqlHandle, "select"> {
    return tx === undefined ? this.database : connectionOf(tx);
  }
}

/** One statement for all of them: an ark tx has a checkpoint per input, and each statement is a way to the database and back. */
async function setPsbts(
  tx: Tx,
  column: "signed_psbt" | "server_psbt" | "final_psbt",
  sessionRowId: bigint,
  psbts: ReadonlyMap<string, string>,
): Promise<void> {
  const cases = Array.from(psbts, () => "WHEN ? THEN ?").join(" ");
  const { affectedRows } = await connectionOf(tx).writeOnce(
    `UPDATE session_txs SET ${column} = CASE txid ${cases} END
     WHERE session_id = ? AND txid IN (${Array.from(psbts, () => "?").join(", ")})`,
    [...Array.from(psbts).flat(), sessionRowId, ...psbts.keys()],
  );
  assert(affectedRows === psbts.size, `session row ${sessionRowId} lacks a transaction of its plan`);
}

function rowsOf(rows: readonly unknown[], columns: number): string {
  const row = `(${Array.from({ length: columns }, () => "?").join(", ")})`;
  return rows.map(() => row).join(", ");
}

function toSessionTx(row: Row): SessionTx {
  return {
    txid: readText(row, "txid"),
    seq: readInteger(row, "seq"),
    unsignedPsbt: readText(row, "unsigned_psbt"),
    signedPsbt: nullable(row, "signed_psbt", readText),
    serverPsbt: nullable(row, "server_psbt", readText),
    finalPsbt: nullable(row, "final_psbt", readText),
  };
}
