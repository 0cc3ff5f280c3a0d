import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { syncVtxos, type SyncDeps } from "@arkrelay/core/vtxo/sync-vtxos";

import type { TaskHandler } from "../task-handler";

/** Brings the mirror of one key's VTXOs up to arkd's state. */
export function vtxoSyncTask(deps: SyncDeps): TaskHandler<TaskPayload<"vtxo_sync">> {
  return async ({ payload }) => {
    const { live, gone } = await syncVtxos(deps, { ownerPubkey: payload.ownerPubkey });
    return { result: { live, gone }, message: `${live} VTXOs are live, ${gone} are gone` };
  };
}
