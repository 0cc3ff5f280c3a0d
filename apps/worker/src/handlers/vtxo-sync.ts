import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { syncVtxos, type SyncDeps } from "@arkrelay/core/vtxo/sync-vtxos";

import type { TaskHandler } from "../task-handler";

/**
 * Brings the mirror of one key's VTXOs up to arkd's state. The job belongs to whoever asked, who may have no right to look
 * into the key's funds: the outcome counts nothing.
 */
export function vtxoSyncTask(deps: SyncDeps): TaskHandler<TaskPayload<"vtxo_sync">> {
  return async ({ payload }) => {
    await syncVtxos(deps, { ownerPubkey: payload.ownerPubkey });
    return { result: {}, message: "The VTXOs were read" };
  };
}
