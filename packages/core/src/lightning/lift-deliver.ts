import { type AppError, assert, type ErrorCode, toAppError } from "../errors";
import { notifyUser } from "../nostr/notify-user";
import { freshStock } from "../payout/choose-payout-coins";
import { drivePayout } from "../payout/drive-payout";
import type { Payout } from "../payout/payout";
import { winnerOf } from "../payout/payout";
import type { PayoutStep } from "../payout/payout-deps";
import { planOrRollBack } from "../payout/plan-or-roll-back";
import { planNextAttempt, planStockPayout } from "../payout/plan-payout";
import type { ArkServerInfo } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import { moveSession } from "../session/move-session";
import { syncVtxos } from "../vtxo/sync-vtxos";
import { cancelInvoice, giveUpLift } from "./end-lift";
import { findLiftRail } from "./find-lift-rail";
import { isGraceOver, type LiftGate, readLiftGate } from "./lift-gate";
import { giveUpDelivery, killDelivery } from "./lift-kill";
import { liftRun } from "./lift-payout";
import { advanceSession, lockSessionOf } from "./lift-session";
import { type HeldLift, type LiftStep, lockHeld, MOVED, waitMs } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";

/** A reading of arkd's parameters this old shows that it serves. */
const ARKD_SEEN_MS = 5_000;
/** Pause between two looks for inventory or at a node that is not synced, within the grace. */
const PATIENCE_MS = 2_000;
/** arkd is asked at most this often whether somebody sent us stock. */
const REFILL_PAUSE_MS = 5_000;

/** Status `accepted`: plans the delivery from stock, or gives the payment back when it cannot be delivered. */
export async function deliverLift(deps: LightningDeps, lift: HeldLift): Promise<LiftStep> {
  const { operation } = lift;
  if (operation.errorCode !== undefined) return giveUpDelivery(deps, lift);
  const gate = await readLiftGate(deps, operation);
  if (gate.kind === "closed") return giveUpLift(deps, lift, "inventory_exhausted", gate.why);
  if (gate.kind === "unsure") return bePatient(deps, lift, gate.why);
  const info = await findArkd(deps);
  if (info === undefined) return bePatient(deps, lift, "arkd is away", "daemon_unavailable");
  const plan = (tx: Tx) => planDelivery(deps, tx, info, lift, gate.htlcExpiryHeight);
  if (await planOrRollBack(deps.transactions, plan)) return MOVED;
  if (await refillMirror(deps, operation)) return MOVED;
  return bePatient(deps, lift, "no inventory is free");
}

/**
 * What was planned can only go on with arkd, and the payer waits for it: nothing is planned while arkd does not answer. undefined =
 * it does not.
 */
async function findArkd(deps: LightningDeps): Promise<ArkServerInfo | undefined> {
  try {
    return await deps.arkd.getInfo({ maxAgeMs: ARKD_SEEN_MS });
  } catch (thrown) {
    if (toAppError(thrown).kind === "unavailable") return undefined;
    throw thrown;
  }
}

/** Pivot, locks and the unsigned transaction are persisted together with `delivering`. undefined = not enough free stock. */
async function planDelivery(
  deps: LightningDeps,
  tx: Tx,
  info: ArkServerInfo,
  lift: HeldLift,
  htlcExpiryHeight: number,
): Promise<true | undefined> {
  const locked = await lockHeld(deps, tx, lift);
  const operation = await deps.operations.move(tx, locked, { status: "delivering", htlcExpiryHeight }, lift.fence);
  const run = { sessionId: operation.sessionId, txType: "lightning_lift" } as const;
  const earlier = await deps.payouts.lock(tx, "lift", operation.operationId);
  const planned =
    earlier === undefined
      ? (await planStockPayout(deps, tx, info, payoutOf(operation), run)) !== undefined
      : await planNextAttempt(deps, tx, info, earlier, run);
  if (!planned) return undefined;
  const session = await lockSessionOf(deps, tx, operation);
  await advanceSession(deps, tx, session, "ark_tx_prepared");
  const { operationId: subjectId, amount, assetId, paymentHash } = operation;
  await notifyUser(deps, tx, { session, type: "vtxo_creation", subjectId, amount, assetId, paymentHash });
  return true;
}

function payoutOf(operation: LightningOperation) {
  return {
    kind: "lift",
    businessId: operation.operationId,
    script: operation.userScript,
    ownerPubkey: operation.userPubkey,
    assetId: operation.assetId,
    amount: operation.amount,
    amountSats: operation.amountSats,
  } as const;
}

/** Somebody may have sent stock that the mirror does not show yet; true when there is more now. */
async function refillMirror(deps: LightningDeps, operation: LightningOperation): Promise<boolean> {
  const ownerPubkey = deps.wallet.keys.stock.pubkey;
  const now = deps.clock.now();
  const syncedAt = await deps.vtxos.findSyncedAt(ownerPubkey);
  if (syncedAt !== undefined && now.getTime() - syncedAt.getTime() < REFILL_PAUSE_MS) return false;
  const { arkAssetId } = await findLiftRail(deps, operation);
  const sumFree = () => deps.vtxos.sumFree(undefined, "stock", freshStock(deps), arkAssetId);
  const before = await sumFree();
  await syncVtxos(deps, { ownerPubkey });
  return (await sumFree()) > before;
}

/** Nothing was submitted yet: waits within the grace, then gives the payment back. */
async function bePatient(
  deps: LightningDeps,
  lift: HeldLift,
  why: string,
  code: ErrorCode = "inventory_exhausted",
): Promise<LiftStep> {
  if (isGraceOver(deps, lift.operation)) return giveUpLift(deps, lift, code, why);
  return waitMs(deps, PATIENCE_MS);
}

/** Status `delivering`: drives the payout, each send behind the gate; a gate that closed after a send is followed by a kill. */
export async function driveDelivery(deps: LightningDeps, lift: HeldLift): Promise<LiftStep> {
  const { operation } = lift;
  const payout = await deps.payouts.find("lift", operation.operationId);
  assert(payout !== undefined, "a lift that is being delivered has a payout");
  if (operation.errorCode !== undefined && payout.status === "planned") return giveUpDelivery(deps, lift);
  const winner = winnerOf(await deps.payouts.listAttempts(payout.id));
  // The payer has its money back before the kill is final: nothing can be delivered any more.
  if (winner?.role === "kill" && (await cancelInvoice(deps, operation)) === "stands") return waitMs(deps, PATIENCE_MS);
  let gate: LiftGate | undefined;
  const run = liftRun(deps, lift, async () => (gate = await readLiftGate(deps, operation)));
  const step = await drivePayout(deps, payout, run);
  return follow(deps, lift, payout, step, gate);
}

async function follow(
  deps: LightningDeps,
  lift: HeldLift,
  payout: Payout,
  step: PayoutStep,
  gate: LiftGate | undefined,
): Promise<LiftStep> {
  switch (step.kind) {
    case "moved":
    case "final":
      return MOVED;
    case "wait":
      return step;
    case "held":
      return followGate(deps, lift, payout, gate);
    case "refused":
      return followRefusal(deps, lift, step.error);
  }
}

async function followGate(
  deps: LightningDeps,
  lift: HeldLift,
  payout: Payout,
  gate: LiftGate | undefined,
): Promise<LiftStep> {
  assert(gate !== undefined && gate.kind !== "open", "a delivery is held by its gate");
  if (gate.kind === "unsure" && !isGraceOver(deps, lift.operation)) return waitMs(deps, PATIENCE_MS);
  // Nothing was sent yet: what is planned is simply given up.
  if (payout.status === "planned") return giveUpLift(deps, lift, "inventory_exhausted", gate.why);
  return killDelivery(deps, lift, payout, gate.why);
}

/** The newest attempt can never win. When no other one can, the delivery is built anew on the same pivot, within the grace. */
async function followRefusal(deps: LightningDeps, lift: HeldLift, error: AppError): Promise<LiftStep> {
  const { operation } = lift;
  const payout = await deps.payouts.find("lift", operation.operationId);
  assert(payout !== undefined, "a lift that is being delivered has a payout");
  if (payout.status === "submitting") return killDelivery(deps, lift, payout, operation.lastError ?? error.message);
  if (operation.errorCode !== undefined) return MOVED;
  if (isGraceOver(deps, operation)) return giveUpLift(deps, lift, error.code, error.message);
  await deps.transactions.run(async (tx) => {
    const locked = await lockHeld(deps, tx, lift);
    await deps.operations.move(tx, locked, { status: "accepted" }, lift.fence);
    const session = await lockSessionOf(deps, tx, locked);
    if (session.ceremonyState === "submitting")
      await moveSession(deps, tx, session, { ceremonyState: "ark_tx_prepared" });
  });
  return MOVED;
}
