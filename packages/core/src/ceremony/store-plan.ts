import type { BuiltArkTx } from "../ark/types";
import type { PlannedTransaction } from "../ports/transaction-store";
import type { Tx } from "../ports/transactions";
import type { Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import type { TransferPlan } from "./transfer-plan";

export interface PlanToStore {
  readonly built: BuiltArkTx;
  /** Its last input is the co-input. */
  readonly plan: TransferPlan;
  /** Whether an earlier challenge 1 of this session had a plan, which goes. */
  readonly replaces: boolean;
  readonly transaction: PlannedTransaction;
}

/** Keeps what a ceremony was prepared for with the session that drives it. */
export async function storePlan(
  deps: Pick<SessionDeps, "sessionTxs" | "txs">,
  tx: Tx,
  session: Session,
  { built, plan, replaces, transaction }: PlanToStore,
): Promise<void> {
  await deps.sessionTxs.storePlan(tx, session, {
    txs: {
      ark: unsigned(built.txid, 0, built.arkPsbt),
      checkpoints: built.checkpoints.map((each, seq) => unsigned(each.txid, seq, each.psbt)),
    },
    outputs: plan.planned,
    replaces,
    inputs: plan.inputs.map((input, inputIndex) => ({
      vtxoId: input.vtxoId,
      role: inputIndex === plan.inputs.length - 1 ? "fee" : "user",
      inputIndex,
    })),
  });
  await deps.txs.plan(tx, transaction);
}

function unsigned(txid: string, seq: number, unsignedPsbt: string) {
  return { txid, seq, unsignedPsbt, signedPsbt: undefined, serverPsbt: undefined, finalPsbt: undefined };
}
