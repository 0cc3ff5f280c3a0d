import { AppError, toAppError } from "../errors";
import type { Payout } from "../payout/payout";
import type { PayoutDeps, PayoutRun } from "../payout/payout-deps";
import { cancelPayout } from "../payout/plan-payout";
import type { Tx } from "../ports/transactions";
import { batchIdOfMove, settlementLockOf } from "./settlement";

/** How a move to the treasury's script takes part in its payout: the books know no move between scripts of the gateway. */
export function moveRun(deps: Pick<PayoutDeps, "vtxos">, moveId: string, guard: PayoutRun["guard"]): PayoutRun {
  return {
    ...moveRunTx(moveId),
    guard,
    onFinal: async (tx, { txid }) => {
      // It waits for the others under the settlement's lock: nobody else may take it meanwhile.
      try {
        await deps.vtxos.lockForBatch(tx, [`${txid}:0`], settlementLockOf({ batchId: batchIdOfMove(moveId) }));
      } catch (thrown) {
        // A look at arkd had shown it before we booked it, and somebody took it: it is theirs, and the batch goes without it.
        if (toAppError(thrown).code !== "vtxo_locked") throw thrown;
      }
    },
  };
}

export function moveRunTx(moveId: string) {
  return { sessionId: moveId, txType: "vtxo_move" } as const;
}

/**
 * A move whose attempt was proven dead is given up: one of its VTXOs cannot be spent, and the others are free for the next settlement.
 * Unless the mirror shows that arkd took the attempt after all: then it is followed.
 */
export async function giveUpMove(
  deps: Pick<PayoutDeps, "vtxos" | "txs" | "payouts">,
  tx: Tx,
  payout: Payout,
): Promise<void> {
  const attempts = await deps.payouts.listAttempts(payout.id);
  const rows = await deps.vtxos.listByIds(
    tx,
    attempts.flatMap((each) => each.inputVtxoIds),
  );
  const taken = attempts.find((each) => rows.some((row) => row.spendingTxid === each.txid));
  if (taken === undefined) {
    await cancelPayout(deps, tx, payout, moveRunTx(payout.businessId), new AppError("vtxo_spent"));
    return;
  }
  await deps.payouts.changeAttempt(tx, payout.id, taken.attempt, { outcome: "open" });
  await deps.payouts.move(tx, payout, { status: "submitting" });
}
