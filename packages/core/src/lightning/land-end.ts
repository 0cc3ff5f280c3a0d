import { recipientsOf } from "../ceremony/final-transfer";
import { AppError, assert } from "../errors";
import { POSTING_KINDS } from "../ledger/postings";
import { notifyUser } from "../nostr/notify-user";
import type { ConfirmationContent } from "../nostr/result-content";
import type { LightningPayment } from "../ports/lightning-node";
import type { Tx } from "../ports/transactions";
import { moveSession } from "../session/move-session";
import { publishConfirmation } from "../session/publish-confirmation";
import type { Session } from "../session/session";
import { unusedSubsidySats } from "./fees";
import { findLandRail } from "./find-land-rail";
import { paidPostings } from "./land-postings";
import { type HeldLand, inTransaction } from "./land-step";
import { lockSessionOf } from "./lift-session";
import { type LiftStep, MOVED } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import type { LightningAttempt, LightningOperation } from "./lightning-operation";
import { landLockOf } from "./receive-land";

/** Counter of what routing may cost above the fees collected, per UTC day. */
export const ROUTING_BUDGET = "routing_subsidy";

/** The payee has the money: one transaction for the row, its attempt, the ledger, the budget, the VTXO and the session. */
export async function endPaid(
  deps: LightningDeps,
  land: HeldLand,
  attempt: LightningAttempt,
  { payment, preimage }: { readonly payment: LightningPayment; readonly preimage: string },
): Promise<LiftStep> {
  const { feeMsat: routingFeeMsat, paymentIndex } = payment;
  const rail = await findLandRail(deps, land.operation);
  const debitedUnits = rail.debitedUnits(payment);
  await inTransaction(deps, land, async (tx, operation, move) => {
    const { operationId, subsidySats, receivedVtxoId } = operation;
    const unused = unusedSubsidySats({ feeSats: rail.routingFeeSats(operation), subsidySats }, routingFeeMsat);
    const [received] = await deps.vtxos.listByIds(tx, [receivedVtxoId ?? ""]);
    assert(received !== undefined, "a land that was paid for has the VTXO it received");
    const paid = await move({
      status: "paid",
      preimage,
      routingFeeMsat,
      ...(debitedUnits !== undefined && { debitedUnits }),
      subsidySats: subsidySats - unused,
      paidAt: deps.clock.now(),
      unknownSince: null,
      errorCode: null,
      lastError: null,
    });
    await deps.operations.endAttempt(tx, operationId, attempt.attempt, {
      status: "succeeded",
      terminal: "succeeded",
      paymentIndex,
    });
    await giveBack(deps, tx, operation, unused);
    await deps.ledger.post(tx, {
      kind: POSTING_KINDS.landPaid,
      businessId: operationId,
      memo: `payment of land ${operationId}`,
      postings: paidPostings(operation, received, { payment, debitedUnits: debitedUnits ?? 0n }),
    });
    // Ours for good: it waits for the next batch.
    await deps.vtxos.unlock(tx, landLockOf(operationId));
    await completeSession(deps, tx, paid, preimage);
  });
  return MOVED;
}

async function completeSession(deps: LightningDeps, tx: Tx, paid: LightningOperation, preimage: string): Promise<void> {
  const locked = await lockSessionOf(deps, tx, paid);
  const completedAt = deps.clock.now();
  const session = await moveSession(deps, tx, locked, { status: "completed", ceremonyState: "published", completedAt });
  const plan = await deps.sessionTxs.find(tx, session.id);
  await publishConfirmation(deps, tx, session, {
    results: resultsOf(session),
    recipientPubkeys: recipientsOf({ outputs: plan?.outputs ?? [] }),
  });
  const { operationId: subjectId, amount, assetId, paymentHash } = paid;
  await notifyUser(deps, tx, { session, type: "land_completed", subjectId, amount, assetId, paymentHash, preimage });
}

/** Written when the VTXO was received. */
function resultsOf({ resultData, sessionId }: Session): ConfirmationContent["results"] {
  assert(resultData !== undefined, `session ${sessionId} knows what was received`);
  return resultData as unknown as ConfirmationContent["results"];
}

/**
 * Definitely not paid, and nothing of it can be sent any more: the refund follows. With an attempt, its end is noted by compare-and-set
 * in the same transaction; when somebody else has ended it, nothing is written.
 */
export async function failLand(
  deps: LightningDeps,
  land: HeldLand,
  { reason, attempt, paymentIndex }: LandFailure,
): Promise<LiftStep> {
  await inTransaction(deps, land, async (tx, operation, move) => {
    if (attempt !== undefined) {
      const status = paymentIndex === undefined ? "refused" : "failed";
      const end = { status, terminal: reason, paymentIndex } as const;
      if (!(await deps.operations.endAttempt(tx, operation.operationId, attempt.attempt, end))) return;
    }
    const change = { errorCode: "payment_failed", lastError: reason, unknownSince: null, subsidySats: 0n } as const;
    await move({ status: "failed", ...change });
    await giveBack(deps, tx, operation, operation.subsidySats);
  });
  return MOVED;
}

export interface LandFailure {
  /** As `payment_failed` shows it. */
  readonly reason: string;
  readonly attempt?: LightningAttempt;
  /** Of the lifecycle that failed; undefined = nothing was started. */
  readonly paymentIndex?: bigint;
}

/** What the user is told of a land that was not paid. */
export function paymentFailed(operation: LightningOperation, refundTxid: string): AppError {
  return new AppError("payment_failed", {
    details: { reason: operation.lastError ?? "error", refund_txid: refundTxid, payment_hash: operation.paymentHash },
  });
}

async function giveBack(deps: LightningDeps, tx: Tx, operation: LightningOperation, amount: bigint): Promise<void> {
  const { subsidyDay: day } = operation;
  if (day !== undefined && amount > 0n) await deps.budgets.giveBack(tx, { name: ROUTING_BUDGET, day, amount });
}
