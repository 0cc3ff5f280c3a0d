import { verifySubmittable } from "../ark/verify-finalizable";
import { afterFailedSend, requireAwake, sendingAt } from "../ceremony/submit-proof";
import { AppError, toAppError } from "../errors";
import type { PendingArkTx } from "../ports/ark-daemon";
import type { Tx } from "../ports/transactions";
import { acceptPayout } from "./accept-payout";
import { lockOwnerOf, type Payout, type PayoutAttempt } from "./payout";
import { MOVED, type PayoutDeps, type PayoutRun, type PayoutStep } from "./payout-deps";
import { killAttempt } from "./plan-payout";
import { signOwnInputs } from "./sign-payout";

/**
 * Sends an attempt, for the first time or again: asks the owner's gate, persists the signed PSBT and `submitting`, then SubmitTx. From
 * that commit on arkd may have it, so every further step starts with a look at its inputs.
 */
export async function sendAttempt(
  deps: PayoutDeps,
  payout: Payout,
  attempt: PayoutAttempt,
  run: PayoutRun,
): Promise<PayoutStep> {
  // The send counts from before the gate was asked: what the gate saw must not be older than a call may take.
  const askedAt = deps.clock.now();
  if (attempt.role === "pay" && run.mayPay !== undefined && !(await run.mayPay())) return { kind: "held" };
  const before = attempt.submitState;
  const submitState = sendingAt(before, askedAt);
  const signedPsbt = attempt.signedPsbt ?? signAttempt(deps, attempt);
  const sending = { ...attempt, signedPsbt, submitState };
  try {
    await deps.transactions.run((tx) => persistSending(deps, tx, payout, sending, run));
  } catch (thrown) {
    if (thrown instanceof LocksLost) return giveUpUnsent(deps, attempt, run);
    throw thrown;
  }
  let pending: PendingArkTx;
  try {
    requireAwake(submitState, deps.clock.now(), deps.config.daemonTimeoutMs);
    const checkpointTxs = attempt.checkpoints.map((each) => each.unsignedPsbt);
    pending = await deps.arkd.submitTx({ signedArkTx: signedPsbt, checkpointTxs });
  } catch (thrown) {
    return noteAnswer(deps, sending, before, run, toAppError(thrown));
  }
  return acceptPayout(deps, payout, sending, pending, run);
}

function signAttempt(deps: PayoutDeps, attempt: PayoutAttempt): string {
  const [arkPsbt = ""] = signOwnInputs(deps, "ark", [attempt.unsignedPsbt]);
  verifySubmittable({ arkPsbt, checkpointPsbts: attempt.checkpoints.map((each) => each.unsignedPsbt) });
  return arkPsbt;
}

async function persistSending(
  deps: PayoutDeps,
  tx: Tx,
  payout: Payout,
  sending: PayoutAttempt,
  run: PayoutRun,
): Promise<void> {
  const { attempt, inputVtxoIds, signedPsbt = "", submitState } = sending;
  await run.guard(tx);
  await deps.payouts.move(tx, await lockPayout(deps, tx, payout), { status: "submitting" });
  const change = { signedPsbt, submitState, lastSentAt: deps.clock.now() };
  await deps.payouts.changeAttempt(tx, payout.id, attempt, change);
  if (submitState.sends === 1) {
    await deps.vtxos.extendLocks(tx, lockOwnerOf(payout), null);
    const inputs = await deps.vtxos.listByIds(tx, inputVtxoIds);
    const ours = inputs.filter((each) => each.status === "available" && each.lockedBy === lockOwnerOf(payout));
    if (ours.length !== inputVtxoIds.length) throw new LocksLost();
  }
  await run.onSending?.(tx, sending);
}

/** The row as it is now, if nobody moved it since it was read. */
async function lockPayout(deps: Pick<PayoutDeps, "payouts">, tx: Tx, payout: Payout): Promise<Payout> {
  const locked = await deps.payouts.lock(tx, payout.kind, payout.businessId);
  if (locked?.version === payout.version) return locked;
  throw new AppError("wrong_state", {
    internal: `payout ${payout.kind} ${payout.businessId} was moved by somebody else`,
  });
}

/** Rolls the transaction back; never leaves this file. */
class LocksLost extends Error {}

/** An input is gone before anything was sent (arkd shows it as spent or expired): the next attempt is built without it. */
async function giveUpUnsent(deps: PayoutDeps, attempt: PayoutAttempt, run: PayoutRun): Promise<PayoutStep> {
  const error = new AppError("vtxo_spent", { message: "An input was gone before it was sent." });
  await deps.transactions.run(async (tx) => {
    await run.guard(tx);
    await killAttempt(deps, tx, attempt, run, error);
  });
  return { kind: "refused", error };
}

async function noteAnswer(
  deps: PayoutDeps,
  sent: PayoutAttempt,
  before: PayoutAttempt["submitState"],
  run: PayoutRun,
  error: AppError,
): Promise<PayoutStep> {
  const submitState = afterFailedSend(sent.submitState, before, error, deps.clock.now());
  if (submitState !== undefined) {
    await deps.transactions.run(async (tx) => {
      await run.guard(tx);
      await deps.payouts.changeAttempt(tx, sent.payoutId, sent.attempt, { submitState });
    });
  }
  if (error.code === "daemon_rejected") return MOVED;
  throw error;
}
