import { AppError, assert } from "../errors";
import { finalizePayout } from "./finalize-payout";
import { openAttempts, winnerOf, type Payout } from "./payout";
import type { PayoutDeps, PayoutRun, PayoutStep } from "./payout-deps";
import { reconcilePayout } from "./reconcile-payout";
import { sendAttempt } from "./submit-payout";

/**
 * Runs the one step of a payout that is due. `payout` is the row as just read; after `moved` read it again. Throws the AppError of a
 * step that should be tried again later (arkd away, outcome unknown), and `wrong_state` when somebody else has moved it.
 */
export async function drivePayout(deps: PayoutDeps, payout: Payout, run: PayoutRun): Promise<PayoutStep> {
  const attempts = await deps.payouts.listAttempts(payout.id);
  switch (payout.status) {
    case "planned": {
      const attempt = openAttempts(attempts).at(-1);
      if (attempt === undefined) return { kind: "refused", error: new AppError("vtxo_spent") };
      return sendAttempt(deps, payout, attempt, run);
    }
    case "submitting":
      return reconcilePayout(deps, payout, attempts, run);
    case "accepted": {
      const winner = winnerOf(attempts);
      assert(winner !== undefined, "an accepted payout has the attempt that won");
      return finalizePayout(deps, payout, winner, run);
    }
    case "final":
      return { kind: "final" };
    case "cancelled":
      throw new AppError("wrong_state", { details: { status: payout.status, allowed: [] } });
  }
}
