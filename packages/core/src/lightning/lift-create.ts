import { AppError, toAppError } from "../errors";
import type { LightningInvoice } from "../ports/lightning-node";
import { answerLiftRequest } from "./answer-lift-request";
import { cancelInvoice, endingOf, endLift, giveUpLift } from "./end-lift";
import { findLiftRail } from "./find-lift-rail";
import type { MadeInvoice } from "./lift-rail";
import { lockSessionOf } from "./lift-session";
import { type HeldLift, type LiftStep, lockHeld, MOVED, waitMs } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import { acceptPayment } from "./note-invoice-state";
import { noteOdd } from "./note-odd-lift";

/** Status `pending`: makes the hold invoice, then waits for its payment, its expiry or its user's word. */
export async function createLift(deps: LightningDeps, lift: HeldLift): Promise<LiftStep> {
  const { operation } = lift;
  if (operation.bolt11 === undefined && !mustEnd(deps, lift)) return makeInvoice(deps, lift);
  const invoice = await deps.lightning.lookupInvoice(operation.paymentHash);
  // Without a bolt11 nobody can pay, and one that lnd does not know takes no payment.
  if (invoice === undefined) return mustEnd(deps, lift) ? end(deps, lift) : waitMs(deps, deps.lightningConfig.pollMs);
  switch (invoice.state) {
    case "canceled":
      return end(deps, lift);
    case "accepted":
      // A payment that came in the last moment is one, unless the user has called the lift off.
      return operation.errorCode === undefined ? takeHeld(deps, lift, invoice) : endUnpaid(deps, lift);
    case "open":
      return mustEnd(deps, lift) ? endUnpaid(deps, lift) : waitForPayment(deps, lift);
    case "settled":
      return noteOdd(deps, lift, "lnd says SETTLED of an invoice whose preimage was never given to it");
  }
}

function mustEnd(deps: LightningDeps, { operation }: HeldLift): boolean {
  return operation.errorCode !== undefined || operation.expiresAt <= deps.clock.now();
}

async function makeInvoice(deps: LightningDeps, lift: HeldLift): Promise<LiftStep> {
  const { operation } = lift;
  const restMs = operation.expiresAt.getTime() - deps.clock.now().getTime();
  let invoice: MadeInvoice;
  try {
    const rail = await findLiftRail(deps, operation);
    invoice = await rail.makeInvoice(operation, Math.ceil(restMs / 1000));
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === "daemon_rejected") return giveUpLift(deps, lift, error.code, error.internal ?? error.message);
    throw error;
  }
  await deps.transactions.run(async (tx) => {
    const locked = await lockHeld(deps, tx, lift);
    const { bolt11, addIndex, expiresAt, quotedUnits, rfqId } = invoice;
    const terms = { ...(quotedUnits !== undefined && { quotedUnits }), ...(rfqId !== undefined && { rfqId }) };
    const made = await deps.operations.move(tx, locked, { bolt11, addIndex, expiresAt, ...terms }, lift.fence);
    await answerLiftRequest(deps, tx, await lockSessionOf(deps, tx, made), made);
  });
  return MOVED;
}

/** What is owed is accepted; all of something else is sent back at once, before anything is delivered for it. */
async function takeHeld(deps: LightningDeps, lift: HeldLift, invoice: LightningInvoice): Promise<LiftStep> {
  const rail = await findLiftRail(deps, lift.operation);
  const incoming = rail.judgeIncoming(lift.operation, invoice);
  switch (incoming.kind) {
    case "partial":
      return mustEnd(deps, lift) ? endUnpaid(deps, lift) : waitForPayment(deps, lift);
    case "wrong":
      return giveUpLift(deps, lift, "payment_failed", incoming.why);
    case "whole": {
      const carrierMsat = await rail.readCarrierMsat(lift.operation);
      await deps.transactions.run(async (tx) => {
        const operation = await lockHeld(deps, tx, lift);
        await acceptPayment(deps, tx, operation, { invoice, carrierMsat }, lift.fence);
      });
      return MOVED;
    }
  }
}

async function endUnpaid(deps: LightningDeps, lift: HeldLift): Promise<LiftStep> {
  const { operation } = lift;
  // Paid in the last moment: the next turn takes it, unless the user has called the lift off.
  const keepsHeld = operation.errorCode === undefined;
  if ((await cancelInvoice(deps, operation, { keepsHeld })) === "stands")
    return waitMs(deps, deps.lightningConfig.pollMs);
  return end(deps, lift);
}

async function end(deps: LightningDeps, lift: HeldLift): Promise<LiftStep> {
  await deps.transactions.run(async (tx) => {
    const operation = await lockHeld(deps, tx, lift);
    const isCalledOff = operation.errorCode !== undefined;
    const error = isCalledOff ? endingOf(operation) : new AppError("session_expired");
    await endLift(deps, tx, operation, { status: isCalledOff ? "cancelled" : "expired", error }, lift.fence);
  });
  return MOVED;
}

/** A listener tells of the payment; the poll is for what it missed. */
function waitForPayment(deps: LightningDeps, { operation }: HeldLift): LiftStep {
  const pollAt = deps.clock.now().getTime() + deps.lightningConfig.pollMs;
  return { kind: "wait", until: new Date(Math.min(pollAt, operation.expiresAt.getTime())) };
}
