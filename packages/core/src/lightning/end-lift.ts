import { AppError } from "../errors";
import type { ErrorCode } from "../errors";
import type { LightningInvoice } from "../ports/lightning-node";
import type { Tx } from "../ports/transactions";
import { endRefusedSession, endSession } from "../session/end-session";
import { isHandedOver } from "../session/session";
import { answerLiftRequest } from "./answer-lift-request";
import { findLiftRail } from "./find-lift-rail";
import { lockSessionOf } from "./lift-session";
import { type HeldLift, type LiftStep, lockHeld, MOVED } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";

/** Writes down that a lift shall not be delivered (any more), and why, before anything is done about it. */
export async function giveUpLift(
  deps: LightningDeps,
  lift: HeldLift,
  errorCode: ErrorCode,
  lastError: string,
): Promise<LiftStep> {
  await deps.transactions.run(async (tx) => {
    const operation = await lockHeld(deps, tx, lift);
    // The first reason stands: a user's word is not written over by what follows from it.
    if (operation.errorCode === undefined)
      await deps.operations.move(tx, operation, { errorCode, lastError }, lift.fence);
  });
  return MOVED;
}

/**
 * Makes sure that nobody pays or has paid: asks lnd to cancel, and believes only what a look shows afterwards. `gone` = CANCELED, or lnd
 * has no such invoice. Whatever else is seen leaves the lift as it is. A payment that is held goes back to its payer, unless
 * `keepsHeld`: then the invoice stands. lnd knows no "cancel if unpaid", so one that comes in between the look and the call goes back.
 */
export async function cancelInvoice(
  deps: LightningDeps,
  operation: LightningOperation,
  { keepsHeld } = { keepsHeld: false },
): Promise<"gone" | "stands"> {
  const before = await deps.lightning.lookupInvoice(operation.paymentHash);
  if (before === undefined || before.state === "canceled") return "gone";
  if (before.state === "settled" || (keepsHeld && (await isWhole(deps, operation, before)))) return "stands";
  await ask(deps, operation);
  const after = await deps.lightning.lookupInvoice(operation.paymentHash);
  return after === undefined || after.state === "canceled" ? "gone" : "stands";
}

async function isWhole(
  deps: LightningDeps,
  operation: LightningOperation,
  invoice: LightningInvoice,
): Promise<boolean> {
  if (invoice.state !== "accepted") return false;
  return (await findLiftRail(deps, operation)).judgeIncoming(operation, invoice).kind === "whole";
}

/** No answer and a refusal mean the same here: the look that follows tells. */
async function ask(deps: LightningDeps, operation: LightningOperation): Promise<void> {
  try {
    await deps.lightning.cancelInvoice(operation.paymentHash);
  } catch (thrown) {
    if (thrown instanceof AppError && (thrown.code === "outcome_unknown" || thrown.code === "daemon_rejected")) return;
    throw thrown;
  }
}

/** The row ends without a delivery: its session too, with a 31341, and whoever asked by a 31500 and has no invoice yet is answered. */
export async function endLift(
  deps: LightningDeps,
  tx: Tx,
  operation: LightningOperation,
  end: { readonly status: "expired" | "cancelled"; readonly error: AppError },
  fence: string,
): Promise<void> {
  const { status, error } = end;
  const ended = await deps.operations.move(
    tx,
    operation,
    { status, errorCode: error.code, lastError: operation.lastError ?? error.message, unknownSince: null },
    fence,
  );
  const session = await lockSessionOf(deps, tx, operation);
  // After a hand-over only a proof ends it: the kill transaction that spent the pivot, or arkd's definite refusal.
  if (isHandedOver(session)) await endRefusedSession(deps, tx, session, error);
  else await endSession(deps, tx, session, { status: status === "expired" ? "expired" : "failed", error });
  if (operation.bolt11 === undefined) await answerLiftRequest(deps, tx, session, ended);
}

/** Why a lift that was given up ends: what was written down for it. */
export function endingOf(operation: LightningOperation): AppError {
  const code = operation.errorCode ?? "inventory_exhausted";
  // The user's own words for a cancelled one; otherwise the code's title.
  if (code === "session_cancelled" && operation.lastError !== undefined) {
    return new AppError(code, { message: operation.lastError });
  }
  return code === "inventory_exhausted"
    ? new AppError(code, { details: { asset_id: operation.assetId } })
    : new AppError(code);
}
