import { afterFinalizeRefusal, decideFinalize, FINALIZE_POLL_MS, POISONED_POLL_MS } from "../ceremony/finalize-proof";
import { arePending } from "../ceremony/read-pending";
import { assert, toAppError } from "../errors";
import { bookFinalTx, expiryOf } from "../vtxo/book-final-tx";
import type { Vtxo } from "../vtxo/vtxo";
import { announceFinalized } from "../webhook/transaction-event";
import { lockOwnerOf, type Payout, type PayoutAttempt } from "./payout";
import { MOVED, type PayoutDeps, type PayoutRun, type PayoutStep } from "./payout-deps";

/** Status `accepted` as a restart finds it: outputs there = done; inputs still pending = FinalizeTx with what is stored. */
export async function finalizePayout(
  deps: PayoutDeps,
  payout: Payout,
  attempt: PayoutAttempt,
  run: PayoutRun,
): Promise<PayoutStep> {
  const outputs = await deps.arkd.listVtxosByOutpoints([`${attempt.txid}:0`]);
  if (outputs.length > 0) return bookPayout(deps, payout, attempt, run);
  const state = attempt.submitState;
  // Once arkd has refused it, whether it is still pending decides nothing, so it is not asked.
  const isPending = state.finalizeRefusedAt === null && (await arePending(deps, attempt.inputVtxoIds));
  const verdict = decideFinalize(state, isPending, deps.clock.now());
  switch (verdict.kind) {
    case "call":
      return callFinalize(deps, payout, attempt, run);
    case "missing":
      await note(deps, attempt, verdict.state, run);
      return waitFor(deps, FINALIZE_POLL_MS);
    case "wait":
      return waitFor(deps, FINALIZE_POLL_MS);
    // Only arkd's operator can mend it; it stays accepted, and its row and its owner's say so.
    case "poisoned":
      await deps.transactions.run(async (tx) => {
        await run.guard(tx);
        await deps.payouts.notePoisoned(tx, payout, deps.clock.now());
      });
      await run.onPoisoned?.();
      return waitFor(deps, POISONED_POLL_MS);
  }
}

/** FinalizeTx with the stored checkpoints, which carry every signature. */
export async function callFinalize(
  deps: PayoutDeps,
  payout: Payout,
  attempt: PayoutAttempt,
  run: PayoutRun,
): Promise<PayoutStep> {
  const finalCheckpointTxs = attempt.checkpoints.map((each) => each.finalPsbt ?? "");
  try {
    await deps.arkd.finalizeTx({ arkTxid: attempt.txid, finalCheckpointTxs });
  } catch (thrown) {
    const error = toAppError(thrown);
    // Unknown or not sent: the next look at the outputs says which.
    if (error.code === "outcome_unknown") return waitFor(deps, FINALIZE_POLL_MS / 10);
    if (error.code !== "daemon_rejected") throw error;
    const { state, isWrongStage } = afterFinalizeRefusal(attempt.submitState, error, deps.clock.now());
    await note(deps, attempt, state, run);
    return isWrongStage ? MOVED : waitFor(deps, FINALIZE_POLL_MS);
  }
  return bookPayout(deps, payout, attempt, run);
}

/** One transaction: the payout is final, the mirror shows it, what it does not spend is free again, and the owner moves on. */
async function bookPayout(
  deps: PayoutDeps,
  payout: Payout,
  attempt: PayoutAttempt,
  run: PayoutRun,
): Promise<PayoutStep> {
  const inputs = await listInputs(deps, attempt);
  const arkPsbt = attempt.signedPsbt ?? "";
  await deps.transactions.run(async (tx) => {
    const now = deps.clock.now();
    await run.guard(tx);
    const current = await deps.payouts.lock(tx, payout.kind, payout.businessId);
    assert(current?.txid === attempt.txid, "the attempt that won becomes final");
    await deps.payouts.move(tx, current, { status: "final" });
    await deps.payouts.changeAttempt(tx, payout.id, attempt.attempt, { outcome: "final" });
    await bookFinalTx(deps.vtxos, tx, { txid: attempt.txid, inputs, outputs: attempt.outputs }, now);
    await deps.vtxos.unlock(tx, lockOwnerOf(payout));
    if (attempt.role === "pay") {
      await deps.txs.confirm(tx, attempt.txid, run.sessionId, { txType: run.txType, confirmedAt: now, rawTx: arkPsbt });
      await announceFinalized(deps, tx, attempt.txid);
    }
    const final = { attempt, txid: attempt.txid, inputs, expiresAt: expiryOf(inputs), arkPsbt };
    await run.onFinal(tx, final);
  });
  return { kind: "final" };
}

async function listInputs(deps: PayoutDeps, { inputVtxoIds, txid }: PayoutAttempt): Promise<readonly Vtxo[]> {
  const rows = await deps.vtxos.listByIds(undefined, inputVtxoIds);
  const inputs = inputVtxoIds.flatMap((id) => rows.filter((row) => row.vtxoId === id));
  assert(inputs.length === inputVtxoIds.length, `payout ${txid} knows its inputs`);
  return inputs;
}

async function note(
  deps: PayoutDeps,
  attempt: PayoutAttempt,
  submitState: PayoutAttempt["submitState"],
  run: PayoutRun,
): Promise<void> {
  await deps.transactions.run(async (tx) => {
    await run.guard(tx);
    await deps.payouts.changeAttempt(tx, attempt.payoutId, attempt.attempt, { submitState });
  });
}

function waitFor(deps: PayoutDeps, ms: number): PayoutStep {
  return { kind: "wait", until: new Date(deps.clock.now().getTime() + ms) };
}
