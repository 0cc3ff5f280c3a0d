import { AppError } from "@arkrelay/core/errors";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import { recordVtxos, syncVtxos, type SyncDeps } from "@arkrelay/core/vtxo/sync-vtxos";

import type { TaskHandler } from "../task-handler";

/**
 * Brings the mirror of one key's VTXOs up to arkd's state. The job belongs to whoever asked, who may have no right to look
 * into the key's funds: the outcome counts nothing. An operator's word that one of them was spent is held against arkd's; the job fails
 * when arkd does not agree.
 */
export function vtxoSyncTask(deps: SyncDeps): TaskHandler<TaskPayload<"vtxo_sync">> {
  return async ({ payload }) => {
    const { ownerPubkey, spent } = payload;
    if (spent === undefined) {
      await syncVtxos(deps, { ownerPubkey });
      return { result: {}, message: "The VTXOs were read" };
    }
    const [vtxo] = await deps.arkd.listVtxosByOutpoints([spent.vtxoId]);
    if (vtxo !== undefined) await recordVtxos(deps, [vtxo]);
    if (!isSpentBy(vtxo, spent.spendingTxid)) throw notSpent(vtxo);
    return {
      result: { vtxo_id: spent.vtxoId, spending_txid: spent.spendingTxid },
      message: "arkd has it as spent by this transaction",
    };
  };
}

/** By an ark transaction or its checkpoint, or in a batch. */
function isSpentBy(vtxo: ArkVtxo | undefined, txid: string): boolean {
  if (vtxo === undefined) return false;
  const { isSpent, arkTxid, spentBy, settledBy } = vtxo;
  return (isSpent && (arkTxid === txid || spentBy === txid)) || settledBy === txid;
}

function notSpent(vtxo: ArkVtxo | undefined): AppError {
  const status = vtxo === undefined ? "unknown" : vtxo.isSpent || vtxo.settledBy !== "" ? "spent" : "unspent";
  const by = vtxo === undefined ? "" : vtxo.arkTxid || vtxo.spentBy || vtxo.settledBy;
  return new AppError("wrong_state", {
    message: "arkd does not have this VTXO as spent by this transaction.",
    details: { status, ...(by !== "" && { spending_txid: by }) },
  });
}
