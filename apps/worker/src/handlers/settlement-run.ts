import type { AttemptFence } from "@arkrelay/core/jobs/attempt-store";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { recoverInBatch, type RecoveryDeps } from "@arkrelay/core/renewal/recover-in-batch";
import { confirmParked } from "@arkrelay/core/settlement/confirm-settlement";
import { driveSettlement } from "@arkrelay/core/settlement/drive-settlement";

import type { TaskHandler } from "../task-handler";

/**
 * Renews the gateway's VTXOs in a batch of arkd and claims what was confirmed. All of it is in the settlement's row: a run goes on with
 * the settlement it finds, whoever began it, and ends at once when another run is at it.
 */
export function settlementRunTask(
  deps: RecoveryDeps & { readonly attempts: AttemptFence },
): TaskHandler<TaskPayload<"settlement_run">> {
  return async ({ attempt, signal, progress, log }) => {
    const turn = {
      jobId: attempt.rowKey,
      guard: (tx: Parameters<AttemptFence["assertAttempt"]>[0]) => deps.attempts.assertAttempt(tx, attempt),
      signal,
    };
    // Side by side, so that one batch of arkd can take them all; the users' own say in a log what they could not do, and are tried again.
    const proofs = await deps.proofs.listOpen();
    const [settled, recoveries, parked] = await Promise.allSettled([
      driveSettlement(deps, turn),
      recoverInBatch(deps, proofs, turn),
      confirmParked(deps, turn),
    ]);
    // lnd may be away, which keeps nothing from being renewed.
    if (parked.status === "rejected") log.warn("older commitments could not be looked for", { error: parked.reason });
    if (recoveries.status === "rejected") throw recoveries.reason;
    for (const [index, recovery] of recoveries.value.entries()) {
      if (recovery.status === "fulfilled") continue;
      log.warn("a recovery could not be registered", { session_id: proofs[index]?.sessionId, error: recovery.reason });
    }
    if (settled.status === "rejected") throw settled.reason;
    const ended = settled.value;
    if (ended.kind === "waiting") {
      progress(50, ended.why);
      return { message: ended.why, wakes: ended.wakes, runAgainAt: ended.until };
    }
    const { why, batchId, l1Txid } = ended;
    return { result: { batch_id: batchId ?? null, l1_txid: l1Txid ?? null }, message: why };
  };
}
