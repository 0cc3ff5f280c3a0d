import type { ArkServerInfo } from "../ports/ark-daemon";
import type { NewPayout } from "../ports/lightning-stores";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { payoutKeyOf } from "./payout";
import type { PayoutRun } from "./payout-deps";
import { planStockPayout, type PlanDeps } from "./plan-payout";

/** Plans a payout that no lift or land drives: it is due at once as work of its own (`payout_drive`). undefined as `planStockPayout`. */
export async function planDrivenPayout(
  deps: PlanDeps,
  tx: Tx,
  info: ArkServerInfo,
  wanted: Omit<NewPayout, "pivotVtxoId" | "wakeAt">,
  run: Pick<PayoutRun, "sessionId" | "txType">,
): Promise<Wake | undefined> {
  const runAt = deps.clock.now();
  const payout = await planStockPayout(deps, tx, info, { ...wanted, wakeAt: runAt }, run);
  return payout && { task: "payout_drive", rowKey: payoutKeyOf(payout), wakeSeq: 1, runAt };
}
