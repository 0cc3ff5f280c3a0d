import type { AttemptFence } from "@arkrelay/core/jobs/attempt-store";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { driveSettlement } from "@arkrelay/core/settlement/drive-settlement";
import type { SettlementDeps } from "@arkrelay/core/settlement/settlement-deps";

import type { TaskHandler } from "../task-handler";

/**
 * Renews the gateway's VTXOs in a batch of arkd and claims what was confirmed. All of it is in the settlement's row: a run goes on with
 * the settlement it finds, whoever began it, and ends at once when another run is at it.
 */
export function settlementRunTask(
  deps: SettlementDeps & { readonly attempts: AttemptFence },
): TaskHandler<TaskPayload<"settlement_run">> {
  return async ({ attempt, signal, progress }) => {
    const turn = {
      jobId: attempt.rowKey,
      guard: (tx: Parameters<AttemptFence["assertAttempt"]>[0]) => deps.attempts.assertAttempt(tx, attempt),
      signal,
    };
    const ended = await driveSettlement(deps, turn);
    if (ended.kind === "waiting") {
      progress(50, ended.why);
      return { message: ended.why, wakes: ended.wakes, runAgainAt: ended.until };
    }
    const { why, batchId, l1Txid } = ended;
    return { result: { batch_id: batchId ?? null, l1_txid: l1Txid ?? null }, message: why };
  };
}
