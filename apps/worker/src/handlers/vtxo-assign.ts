import { AppError } from "@arkrelay/core/errors";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { PayoutStore } from "@arkrelay/core/ports/lightning-stores";
import type { Metrics } from "@arkrelay/runtime/metrics";

import type { TaskHandler } from "../task-handler";
import { nextPayoutLook } from "./next-payout-look";

export interface VtxoAssignDeps {
  readonly clock: Clock;
  readonly payouts: Pick<PayoutStore, "find">;
  readonly metrics: { readonly vtxosAssigned: Pick<Metrics["vtxosAssigned"], "inc"> };
}

/**
 * Waits for the payout that was planned together with this job and is driven as work of its own (`payout_drive`): there is nothing here
 * that could pay twice.
 */
export function vtxoAssignTask(deps: VtxoAssignDeps): TaskHandler<TaskPayload<"vtxo_assign">> {
  return async ({ attempt, payload }) => {
    const payout = await deps.payouts.find("assign", attempt.rowKey);
    if (payout === undefined) throw new AppError("internal_error", { internal: `job ${attempt.rowKey} has no payout` });
    if (payout.status !== "final" || payout.txid === undefined) {
      return { message: "The VTXO is on its way", runAgainAt: nextPayoutLook(deps.clock, attempt) };
    }
    deps.metrics.vtxosAssigned.inc({ asset_id: payload.assetId });
    return {
      result: {
        asset_id: payload.assetId,
        user_pubkey: payload.userPubkey,
        amount: payload.amount,
        amount_sats: Number(payout.amountSats),
        txid: payout.txid,
        vtxo_id: `${payout.txid}:0`,
      },
      message: "The VTXO is the user's",
    };
  };
}
