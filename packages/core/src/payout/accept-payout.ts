import { matchServerCheckpoints, verifyServerSignedArkTx } from "../ark/server-signatures";
import { verifyFinalizable } from "../ark/verify-finalizable";
import { AppError, assert } from "../errors";
import type { PendingArkTx } from "../ports/ark-daemon";
import { callFinalize } from "./finalize-payout";
import { openAttempts, type Payout, type PayoutAttempt } from "./payout";
import { MOVED, type PayoutDeps, type PayoutRun, type PayoutStep } from "./payout-deps";
import { killAttempt } from "./plan-payout";
import { signOwnInputs } from "./sign-payout";

/**
 * arkd has accepted an attempt: its signatures are verified, the checkpoints completed with ours and all kept, every other attempt is
 * dead; then FinalizeTx of a payment. From this commit on the payout only goes forward.
 */
export async function acceptPayout(
  deps: PayoutDeps,
  payout: Payout,
  attempt: PayoutAttempt,
  pending: PendingArkTx,
  run: PayoutRun,
): Promise<PayoutStep> {
  assert(pending.arkTxid === attempt.txid, "arkd answers about the transaction it was sent");
  const arkPsbt = verifyServerSignedArkTx(attempt.signedPsbt ?? "", pending.finalArkTx);
  const serverSigned = matchServerCheckpoints(
    attempt.checkpoints.map((each) => each.unsignedPsbt),
    pending.signedCheckpointTxs,
  );
  const checkpointPsbts = signOwnInputs(deps, "checkpoint", serverSigned);
  // FinalizeTx is one-shot: a refusal there freezes the inputs, so nothing unverified gets that far.
  verifyFinalizable({ arkPsbt, checkpointPsbts });
  const finalCheckpoints = new Map(
    attempt.checkpoints.map(({ txid }, index) => [txid, checkpointPsbts[index] ?? ""] as const),
  );
  const accepted: PayoutAttempt = {
    ...attempt,
    outcome: "accepted",
    signedPsbt: arkPsbt,
    checkpoints: attempt.checkpoints.map((each) => ({ ...each, finalPsbt: finalCheckpoints.get(each.txid) })),
  };
  const moved = await deps.transactions.run(async (tx) => {
    await run.guard(tx);
    const current = await deps.payouts.lock(tx, payout.kind, payout.businessId);
    assert(current?.status === "submitting", "only what was sent is accepted");
    const next = await deps.payouts.move(tx, current, { status: "accepted", txid: attempt.txid });
    const change = { outcome: "accepted", signedPsbt: arkPsbt, finalCheckpoints } as const;
    await deps.payouts.changeAttempt(tx, payout.id, attempt.attempt, change);
    for (const other of openAttempts(await deps.payouts.listAttempts(payout.id))) {
      if (other.attempt === attempt.attempt) continue;
      await killAttempt(deps, tx, other, run, new AppError("vtxo_spent", { details: { spending_txid: attempt.txid } }));
    }
    if (attempt.role === "pay") await deps.txs.markBroadcast(tx, attempt.txid, run.sessionId);
    await run.onAccepted?.(tx, accepted);
    return next;
  });
  // Its owner has something to do before a kill becomes final: to give the payer its money back.
  return attempt.role === "kill" ? MOVED : callFinalize(deps, moved, accepted, run);
}
