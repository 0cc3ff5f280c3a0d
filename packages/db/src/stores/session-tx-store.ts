import { assert } from "@arkrelay/core/errors";
import type {
  PlannedOutput,
  SessionInput,
  SessionTx,
  SessionTxs,
  SessionTxStore,
} from "@arkrelay/core/ports/session-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";
import type { Session } from "@arkrelay/core/session/session";

import type { Database } from "../connection";
import { nullable, readInteger, readJson, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
import { connectionOf } from "../transactions";

/** JSON has no bigint, so amounts are decimal text. */
type StoredOutput = Omit<PlannedOutput, "amountSats"> & { readonly amountSats: string };

/** session_txs and session_inputs. */
export class DrizzleSessionTxStore implements SessionTxStore {
  constructor(private readonly database: Pick<Database, "select" | "selectOnce">) {}

  async replacePlan(
    tx: Tx,
    session: Session,
    plan: {
      readonly txs: SessionTxs;
      readonly outputs: readonly PlannedOutput[];
      readonly inputs: readonly SessionInput[];
    },
  ): Promise<void> {
    const connection = connectionOf(tx);
    await connection.write("DELETE FROM session_txs WHERE session_id = ?", [session.id]);
    await connection.write("DELETE FROM session_inputs WHERE session_id = ?", [session.id]);
    const outputs = JSON.stringify(
      plan.outputs.map((each): StoredOutput => ({ ...each, amountSats: String(each.amountSats) })),
    );
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
    const outputs = (readJson(ark, "planned_outputs") as readonly StoredOutput[]).map((each) => ({
      ...each,
      amountSats: BigInt(each.amountSats),
    }));
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

  setSigned(tx: Tx, sessionRowId: bigint, psbts: ReadonlyMap<string, string>): Promise<void> {
    return setPsbts(
      tx,
      "UPDATE session_txs SET signed_psbt = ? WHERE session_id = ? AND txid = ?",
      sessionRowId,
      psbts,
    );
  }

  setServer(tx: Tx, sessionRowId: bigint, psbts: ReadonlyMap<string, string>): Promise<void> {
    return setPsbts(
      tx,
      "UPDATE session_txs SET server_psbt = ? WHERE session_id = ? AND txid = ?",
      sessionRowId,
      psbts,
    );
  }

  setFinal(tx: Tx, sessionRowId: bigint, psbts: ReadonlyMap<string, string>): Promise<void> {
    return setPsbts(tx, "UPDATE session_txs SET final_psbt = ? WHERE session_id = ? AND txid = ?", sessionRowId, psbts);
  }

  private handle(tx: Tx | undefined): Pick<SqlHandle, "select"> {
    return tx === undefined ? this.database : connectionOf(tx);
  }
}

async function setPsbts(
  tx: Tx,
  statement: string,
  sessionRowId: bigint,
  psbts: ReadonlyMap<string, string>,
): Promise<void> {
  for (const [txid, psbt] of psbts) {
    const { affectedRows } = await connectionOf(tx).write(statement, [psbt, sessionRowId, txid]);
    assert(affectedRows === 1, `session row ${sessionRowId} has no transaction ${txid}`);
  }
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
