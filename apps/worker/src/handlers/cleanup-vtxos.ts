import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { expireVtxos, type ExpireVtxosDeps } from "@arkrelay/core/vtxo/expire-vtxos";
import { tellExpiring, type TellExpiringDeps } from "@arkrelay/core/vtxo/tell-expiring";

import type { TaskHandler } from "../task-handler";

/** Notices of one run: each is signed and written for every relay. What is left comes in the next one, nearest to its end first. */
const NOTICES_MAX = 1_000;

/** Marks VTXOs whose time is over, and tells owners of what expires within `horizonMs`. */
export function cleanupVtxosTask(
  deps: ExpireVtxosDeps & TellExpiringDeps,
  horizonMs: number,
): TaskHandler<TaskPayload<"cleanup_vtxos">> {
  return async ({ signal }) => {
    const { count, amountSats } = await expireVtxos(deps, signal);
    const told = await tellExpiring(deps, { horizonMs, limit: NOTICES_MAX, signal });
    return {
      result: { cleaned_count: count, total_amount_sats: Number(amountSats), owners_told: told },
      message: `${count} VTXOs have expired; ${told} notices were sent`,
    };
  };
}
