import { AppError } from "../errors";
import { assignRun } from "../inventory/assign-stock";
import { drivePayout } from "../payout/drive-payout";
import type { Payout } from "../payout/payout";
import type { PayoutRun } from "../payout/payout-deps";
import { planOrRollBack } from "../payout/plan-or-roll-back";
import { planNextAttempt } from "../payout/plan-payout";
import { renewalRun, type RenewalDeps } from "../renewal/pay-renewal";
import { giveUpMove, moveRun } from "../settlement/move-run";
import type { AssetPayoutDeps } from "./asset-payout-deps";
import { issueRun } from "./issue-asset";
import { mintRun } from "./mint-asset";
import { fanOutRun } from "./replenish-stock";

export interface AssetPayoutTurn {
  /** First statement of every transaction: throws when the worker's attempt no longer has the row. */
  readonly guard: PayoutRun["guard"];
  readonly signal?: AbortSignal;
}

/** A payout takes a few turns; more than this means that steps undo each other. */
const TURNS_MAX = 40;
/** Pause between two looks for stock, when the next attempt needs more of it. */
const STOCK_PAUSE_MS = 5_000;

/**
 * Drives an issuance, a mint, a fan-out, an assignment or a renewal's payout as far as it goes and returns when to look again;
 * undefined = it is final. It can be killed anywhere and run again. Throws the AppError of a step that should be tried again later.
 */
export async function driveAssetPayout(
  deps: AssetPayoutDeps & RenewalDeps,
  { kind, businessId }: Pick<Payout, "kind" | "businessId">,
  { guard, signal }: AssetPayoutTurn,
): Promise<Date | undefined> {
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    signal?.throwIfAborted();
    const payout = await deps.payouts.find(kind, businessId);
    if (payout === undefined || payout.status === "final" || payout.status === "cancelled") return undefined;
    const run = runOf(deps, payout, guard);
    const step = await drivePayout(deps, payout, run);
    if (step.kind === "wait") return step.until;
    if (step.kind === "refused" && !(await planAgain(deps, payout, run))) {
      return new Date(deps.clock.now().getTime() + STOCK_PAUSE_MS);
    }
  }
  throw new AppError("internal_error", { internal: `payout ${kind} ${businessId} does not settle` });
}

function runOf(
  deps: AssetPayoutDeps & RenewalDeps,
  { kind, businessId, assetId, amount }: Payout,
  guard: PayoutRun["guard"],
) {
  switch (kind) {
    case "issue":
      return issueRun(deps, businessId, guard);
    case "mint":
      return mintRun(deps, { assetId, jobId: businessId, units: amount }, guard);
    case "renew":
      return renewalRun(deps, businessId, guard);
    case "fanout":
      return fanOutRun(deps, businessId, guard);
    case "assign":
      return assignRun(deps, { assetId, jobId: businessId, amount }, guard);
    case "move":
      return moveRun(deps, businessId, guard);
    default:
      throw new AppError("internal_error", { internal: `${kind} payouts are driven by their owners` });
  }
}

/** Every attempt is proven dead: the next one spends the same pivot, if arkd has not shown it as gone. false = stock is short. */
async function planAgain(deps: AssetPayoutDeps, payout: Payout, run: PayoutRun): Promise<boolean> {
  const info = await deps.arkInfo.current();
  const isPlanned = await planOrRollBack(deps.transactions, async (tx) => {
    await run.guard(tx);
    const current = await deps.payouts.lock(tx, payout.kind, payout.businessId);
    if (current?.status !== "planned") return true;
    if (current.kind === "move") {
      await giveUpMove(deps, tx, current);
      return true;
    }
    return (await planNextAttempt(deps, tx, info, current, run)) || undefined;
  });
  return isPlanned ?? false;
}
