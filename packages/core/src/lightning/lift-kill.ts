import type { Payout } from "../payout/payout";
import { cancelPayout, planKill } from "../payout/plan-payout";
import { cancelInvoice, endingOf, endLift } from "./end-lift";
import { type HeldLift, type LiftStep, lockHeld, MOVED, waitMs } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";

const RETRY_MS = 2_000;

/**
 * A delivery was sent and may not be sent again: its pivot is spent back to the gateway. Whichever of the two arkd takes is the end: the
 * kill accepted = cancelled, the delivery found accepted instead = it is finalised and settled.
 */
export async function killDelivery(
  deps: LightningDeps,
  lift: HeldLift,
  payout: Payout,
  why: string,
): Promise<LiftStep> {
  const info = await deps.arkInfo.current();
  await deps.transactions.run(async (tx) => {
    const operation = await lockHeld(deps, tx, lift);
    const errorCode = operation.errorCode ?? "inventory_exhausted";
    await deps.operations.move(tx, operation, { errorCode, lastError: why }, lift.fence);
    await planKill(deps, tx, info, payout);
  });
  return MOVED;
}

/**
 * Nothing can be delivered any more (nothing was planned or sent, or every attempt is proven dead): the invoice is cancelled, then the
 * lift ends and its stock is free again.
 */
export async function giveUpDelivery(deps: LightningDeps, lift: HeldLift): Promise<LiftStep> {
  if ((await cancelInvoice(deps, lift.operation)) === "stands") return waitMs(deps, RETRY_MS);
  await deps.transactions.run(async (tx) => {
    const operation = await lockHeld(deps, tx, lift);
    const error = endingOf(operation);
    const payout = await deps.payouts.lock(tx, "lift", operation.operationId);
    if (payout !== undefined)
      await cancelPayout(deps, tx, payout, { sessionId: operation.sessionId, txType: "lightning_lift" }, error);
    await endLift(deps, tx, operation, { status: "cancelled", error }, lift.fence);
  });
  return MOVED;
}
