import { AppError, assert } from "../errors";
import { POSTING_KINDS } from "../ledger/postings";
import { notifyUser } from "../nostr/notify-user";
import type { LightningInvoice } from "../ports/lightning-node";
import type { Tx } from "../ports/transactions";
import { publishConfirmation } from "../session/publish-confirmation";
import type { Session } from "../session/session";
import { cancelInvoice } from "./end-lift";
import { findLiftRail } from "./find-lift-rail";
import type { LiftResult } from "./lift-payout";
import { lostPostings } from "./lift-postings";
import { advanceSession, lockSessionOf } from "./lift-session";
import { type HeldLift, type LiftStep, lockHeld, MOVED, waitMs } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";
import { noteOdd } from "./note-odd-lift";

const RETRY_MS = 2_000;

/** Status `delivered`: the preimage is given to lnd at once, then only what a look shows is believed. */
export async function settleLift(deps: LightningDeps, lift: HeldLift): Promise<LiftStep> {
  const { operation } = lift;
  if (await hasRunOut(deps, operation)) return endLost(deps, lift);
  await askToSettle(deps, operation);
  const invoice = await deps.lightning.lookupInvoice(operation.paymentHash);
  switch (invoice?.state) {
    case "settled":
      return endPaid(deps, lift, invoice);
    case "canceled":
      return endLost(deps, lift);
    // lnd has taken the preimage and is not through, or has not taken it yet.
    case "accepted":
      return waitMs(deps, RETRY_MS);
    case "open":
    case undefined:
      return noteOdd(deps, lift, "lnd shows no payment for a lift that was delivered");
  }
}

/**
 * Past the height at which the payer's HTLC can be taken back lnd may still say SETTLED although the money is gone, so the preimage is
 * not given away any more: the payment is called off, and CANCELED makes the loss certain.
 */
async function hasRunOut(deps: LightningDeps, operation: LightningOperation): Promise<boolean> {
  const info = await deps.lightning.getInfo();
  if (operation.htlcExpiryHeight === undefined || info.blockHeight < operation.htlcExpiryHeight) return false;
  const invoice = await deps.lightning.lookupInvoice(operation.paymentHash);
  if (invoice?.state !== "accepted") return invoice?.state === "canceled";
  return (await cancelInvoice(deps, operation)) === "gone";
}

/** Every answer is followed by the same look: settled before, cancelled meanwhile and no answer at all are told apart there. */
async function askToSettle(deps: LightningDeps, operation: LightningOperation): Promise<void> {
  const preimage = await deps.operations.openPreimage(operation.operationId);
  assert(preimage !== undefined, "a lift has its preimage");
  try {
    await deps.lightning.settleInvoice(preimage);
  } catch (thrown) {
    if (thrown instanceof AppError && (thrown.code === "outcome_unknown" || thrown.code === "daemon_rejected")) return;
    throw thrown;
  }
}

async function endPaid(deps: LightningDeps, lift: HeldLift, invoice: LightningInvoice): Promise<LiftStep> {
  const { amtPaidMsat: paidMsat, settleIndex } = invoice;
  const rail = await findLiftRail(deps, lift.operation);
  const incoming = rail.judgeIncoming(lift.operation, invoice);
  if (incoming.kind === "wrong") return noteOdd(deps, lift, incoming.why);
  await deps.transactions.run(async (tx) => {
    const operation = await lockHeld(deps, tx, lift);
    const change = { status: "paid", paidMsat, settleIndex, paidAt: deps.clock.now(), unknownSince: null } as const;
    const paid = await deps.operations.move(tx, operation, { ...change, lastError: null }, lift.fence);
    await deps.ledger.post(tx, {
      kind: POSTING_KINDS.liftPaid,
      businessId: operation.operationId,
      memo: `payment of lift ${operation.operationId}`,
      postings: rail.paidPostings(operation, invoice),
    });
    await completeSession(deps, tx, paid);
  });
  return MOVED;
}

/** The user keeps its VTXO and is through; the loss is ours. */
async function endLost(deps: LightningDeps, lift: HeldLift): Promise<LiftStep> {
  await deps.transactions.run(async (tx) => {
    const operation = await lockHeld(deps, tx, lift);
    const lastError = "the payment was gone before it could be settled";
    const lost = await deps.operations.move(
      tx,
      operation,
      { status: "lost", lastError, unknownSince: null },
      lift.fence,
    );
    await deps.ledger.post(tx, {
      kind: POSTING_KINDS.liftLost,
      businessId: operation.operationId,
      memo: `loss of lift ${operation.operationId}`,
      postings: lostPostings(operation),
    });
    await completeSession(deps, tx, lost);
  });
  return MOVED;
}

async function completeSession(deps: LightningDeps, tx: Tx, operation: LightningOperation): Promise<void> {
  const locked = await lockSessionOf(deps, tx, operation);
  const completedAt = deps.clock.now();
  const session = await advanceSession(deps, tx, locked, "published", { status: "completed", completedAt });
  await publishConfirmation(deps, tx, session, {
    results: resultOf(session),
    recipientPubkeys: [operation.userPubkey],
  });
  const { operationId: subjectId, amount, assetId, paymentHash } = operation;
  await notifyUser(deps, tx, { session, type: "lift_completed", subjectId, amount, assetId, paymentHash });
}

/** Written when the delivery became final. */
function resultOf({ resultData, sessionId }: Session): LiftResult {
  assert(resultData !== undefined, `session ${sessionId} knows what was delivered`);
  return resultData as LiftResult;
}
