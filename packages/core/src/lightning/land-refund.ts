import { AppError, assert } from "../errors";
import { POSTING_KINDS } from "../ledger/postings";
import { notifyUser } from "../nostr/notify-user";
import { drivePayout } from "../payout/drive-payout";
import type { Payout } from "../payout/payout";
import type { FinalPayout, PayoutRun } from "../payout/payout-deps";
import { planNextAttempt, planRefund } from "../payout/plan-payout";
import type { Tx } from "../ports/transactions";
import { moveSession } from "../session/move-session";
import { publishFailure, refIdOf } from "../session/publish-failure";
import type { Session } from "../session/session";
import { paymentFailed } from "./land-end";
import { refundedPostings } from "./land-postings";
import { type HeldLand, inTransaction } from "./land-step";
import { lockSessionOf } from "./lift-session";
import { type LiftStep, lockHeld, MOVED, waitMs } from "./lift-step";
import type { LightningDeps } from "./lightning-deps";
import type { LightningOperation } from "./lightning-operation";
import { notePoisoned } from "./note-poisoned";

/** A refund whose VTXO was taken from us (swept, unrolled) needs an operator; it is looked at this often. */
const STUCK_POLL_MS = 10 * 60_000;

/** Status `failed`: exactly the VTXO that was received goes back to its user, planned in the transaction that says so. */
export async function beginRefund(deps: LightningDeps, land: HeldLand): Promise<LiftStep> {
  const info = await deps.arkInfo.current();
  await inTransaction(deps, land, async (tx, operation, move) => {
    const { operationId, receivedVtxoId, userScript, userPubkey, assetId, amount, fee } = operation;
    const [pivot] = await deps.vtxos.listByIds(tx, [receivedVtxoId ?? ""]);
    assert(pivot !== undefined, "a land that failed has the VTXO it received");
    const wanted = {
      businessId: operationId,
      script: userScript,
      ownerPubkey: userPubkey,
      assetId,
      amount: amount + fee,
    };
    await planRefund(deps, tx, info, { ...wanted, pivot }, runOf(deps, land));
    await move({ status: "refunding" });
  });
  return MOVED;
}

/** Status `refunding`: one step of the payout. */
export async function driveRefund(deps: LightningDeps, land: HeldLand): Promise<LiftStep> {
  const payout = await deps.payouts.find("refund", land.operation.operationId);
  assert(payout !== undefined, "a land that refunds has its payout");
  const run = runOf(deps, land);
  const step = await drivePayout(deps, payout, run);
  switch (step.kind) {
    case "moved":
    case "final":
      return MOVED;
    case "wait":
      return step;
    case "refused":
      return planAgain(deps, land, payout, run);
    case "held":
      throw new AppError("internal_error", { internal: "a refund has no gate" });
  }
}

/** Every attempt is proven dead: the next one spends the same VTXO, by arkd's parameters as they are now. */
async function planAgain(deps: LightningDeps, land: HeldLand, payout: Payout, run: PayoutRun): Promise<LiftStep> {
  const info = await deps.arkInfo.current();
  try {
    await deps.transactions.run(async (tx) => {
      await run.guard(tx);
      const current = await deps.payouts.lock(tx, payout.kind, payout.businessId);
      if (current?.status === "planned") await planNextAttempt(deps, tx, info, current, run);
    });
    return MOVED;
  } catch (thrown) {
    if (!(thrown instanceof AppError) || thrown.code !== "vtxo_spent") throw thrown;
    // An operator has to look: the VTXO to give back is no longer ours to spend.
    if (land.operation.unknownSince === undefined) {
      await inTransaction(deps, land, (_tx, _operation, move) => move({ unknownSince: deps.clock.now() }));
    }
    return waitMs(deps, STUCK_POLL_MS);
  }
}

function runOf(deps: LightningDeps, land: HeldLand): PayoutRun {
  return {
    sessionId: land.operation.sessionId,
    txType: "lightning_land",
    guard: async (tx) => {
      await lockHeld(deps, tx, land);
    },
    onPoisoned: () => notePoisoned(deps, land),
    onFinal: (tx, final) => endRefunded(deps, tx, land, final),
  };
}

/** The user has its VTXO again, fee included: row, ledger, session and its 31341 in the transaction that books it. */
async function endRefunded(deps: LightningDeps, tx: Tx, land: HeldLand, { txid, attempt }: FinalPayout): Promise<void> {
  const operation = await lockHeld(deps, tx, land);
  const { operationId, fee } = operation;
  const output = attempt.outputs.find((each) => each.role === "recipient");
  assert(output !== undefined, "a refund goes to its user");
  await deps.operations.move(tx, operation, { status: "refunded", refundTxid: txid, unknownSince: null }, land.fence);
  await deps.ledger.post(tx, {
    kind: POSTING_KINDS.landRefunded,
    businessId: operationId,
    memo: `refund of land ${operationId}`,
    postings: refundedPostings(operation, output),
  });
  const session = await failSession(deps, tx, operation, txid);
  await notifyUser(deps, tx, {
    session,
    type: "land_refunded",
    subjectId: operationId,
    amount: operation.amount + fee,
    assetId: operation.assetId,
    paymentHash: operation.paymentHash,
    errorCode: "payment_failed",
    vtxoId: `${txid}:${output.vout}`,
  });
}

async function failSession(
  deps: LightningDeps,
  tx: Tx,
  operation: LightningOperation,
  refundTxid: string,
): Promise<Session> {
  const error = paymentFailed(operation, refundTxid);
  const locked = await lockSessionOf(deps, tx, operation);
  const session = await moveSession(deps, tx, locked, {
    status: "failed",
    ceremonyState: "published",
    errorCode: error.code,
    errorMessage: error.message,
    completedAt: deps.clock.now(),
  });
  await publishFailure(deps, tx, {
    authorPubkey: session.userPubkey,
    actionId: session.intent.actionId,
    refId: refIdOf(session),
    intentEventId: session.intentEventId,
    silent: session.delivery === "http",
    error,
  });
  return session;
}
