import { readPending } from "../ceremony/read-pending";
import { judgeInputs, refusalError, type SubmitVerdict } from "../ceremony/submit-proof";
import { AppError, assert } from "../errors";
import type { ArkVtxo } from "../ports/ark-daemon";
import { recordVtxos } from "../vtxo/sync-vtxos";
import { acceptPayout } from "./accept-payout";
import { lockOwnerOf, openAttempts, type Payout, type PayoutAttempt } from "./payout";
import type { PayoutDeps, PayoutRun, PayoutStep } from "./payout-deps";
import { killAttempt } from "./plan-payout";
import { sendAttempt } from "./submit-payout";

/**
 * Status `submitting` as every turn after a send finds it: nothing is sent before arkd was asked what it knows. An input spent by
 * one of our attempts = that one is accepted, also when it was taken for dead: what arkd shows stands above what was concluded from
 * its refusals. By another transaction = what spends that input is dead; all unspent = the newest attempt is sent again, unless arkd
 * refused it: then it is dead after two looks far apart.
 */
export async function reconcilePayout(
  deps: PayoutDeps,
  payout: Payout,
  attempts: readonly PayoutAttempt[],
  run: PayoutRun,
): Promise<PayoutStep> {
  const open = openAttempts(attempts);
  const newest = open.at(-1);
  assert(newest !== undefined, "a payout that was submitted has an attempt that may win");
  const askedAt = deps.clock.now();
  const vtxos = await deps.arkd.listVtxosByOutpoints([...new Set(attempts.flatMap((each) => each.inputVtxoIds))]);
  const winner = attempts.find((each) => vtxos.some((vtxo) => vtxo.arkTxid === each.txid));
  if (winner !== undefined) return recoverAccepted(deps, payout, winner, run);
  const lostPivot = vtxos.find((vtxo) => vtxo.vtxoId === payout.pivotVtxoId && isGone(vtxo));
  if (lostPivot !== undefined) return refuse(deps, payout, open, [], run, spentError(lostPivot), vtxos);
  const verdict = judgeInputs({
    arkTxid: newest.txid,
    inputIds: newest.inputVtxoIds,
    vtxos: vtxos.filter((vtxo) => newest.inputVtxoIds.includes(vtxo.vtxoId)),
    state: newest.submitState,
    askedAt,
    now: deps.clock.now(),
    daemonTimeoutMs: deps.config.daemonTimeoutMs,
  });
  return follow(deps, payout, { newest, rest: open.slice(0, -1), verdict, vtxos }, run);
}

async function follow(
  deps: PayoutDeps,
  payout: Payout,
  look: {
    readonly newest: PayoutAttempt;
    readonly rest: readonly PayoutAttempt[];
    readonly verdict: SubmitVerdict;
    readonly vtxos: readonly ArkVtxo[];
  },
  run: PayoutRun,
): Promise<PayoutStep> {
  const { newest, rest, verdict, vtxos } = look;
  switch (verdict.kind) {
    case "accepted":
      return recoverAccepted(deps, payout, newest, run);
    case "spent":
      return refuse(deps, payout, [newest], rest, run, spentError(verdict.lost), vtxos);
    case "resubmit":
      return sendAttempt(deps, payout, newest, run);
    case "look_again":
      await noteLook(deps, newest, verdict.cleanReadAt, run);
      return { kind: "wait", until: verdict.until };
    case "refused":
      return refuse(deps, payout, [newest], rest, run, refusalError(verdict.refusal), []);
  }
}

/** The reply got lost, or a resubmission was refused as a duplicate: GetPendingTx with the pivot's key has it. */
async function recoverAccepted(
  deps: PayoutDeps,
  payout: Payout,
  winner: PayoutAttempt,
  run: PayoutRun,
): Promise<PayoutStep> {
  // Its own pivot: a dead attempt may have had another than the payout has now.
  const [pivot] = await deps.vtxos.listByIds(undefined, [winner.pivotVtxoId]);
  assert(pivot !== undefined && pivot.kind !== "user", "a pivot is a VTXO of the gateway");
  const pending = await readPending(deps, [winner.pivotVtxoId], pivot.kind);
  const found = pending.find((each) => each.arkTxid === winner.txid);
  if (found !== undefined) return acceptPayout(deps, payout, winner, found, run);
  throw new AppError("daemon_unavailable", {
    internal: `arkd shows an input of ${winner.txid} as spent by it, but does not list it as pending`,
    details: { service: "arkd" },
  });
}

/** Notes proven deaths. With nothing open any more the payout is planned again. */
async function refuse(
  deps: PayoutDeps,
  payout: Payout,
  dead: readonly PayoutAttempt[],
  rest: readonly PayoutAttempt[],
  run: PayoutRun,
  error: AppError,
  seen: readonly ArkVtxo[],
): Promise<PayoutStep> {
  await deps.transactions.run(async (tx) => {
    await run.guard(tx);
    const current = await deps.payouts.lock(tx, payout.kind, payout.businessId);
    assert(current?.status === "submitting", "only what was sent is refused");
    await deps.payouts.move(tx, current, rest.length === 0 ? { status: "planned" } : {});
    for (const attempt of dead) await killAttempt(deps, tx, attempt, run, error);
    // While a lock is endless the mirror does not take in what arkd says of its VTXO; the lock itself stays.
    if (rest.length === 0) await deps.vtxos.extendLocks(tx, lockOwnerOf(payout), deps.clock.now());
  });
  await recordVtxos(deps, seen);
  return { kind: "refused", error };
}

async function noteLook(
  deps: PayoutDeps,
  attempt: PayoutAttempt,
  cleanReadAt: string | undefined,
  run: PayoutRun,
): Promise<void> {
  if (cleanReadAt === undefined) return;
  await deps.transactions.run(async (tx) => {
    await run.guard(tx);
    const submitState = { ...attempt.submitState, cleanReadAt };
    await deps.payouts.changeAttempt(tx, attempt.payoutId, attempt.attempt, { submitState });
  });
}

/** Spent by none of our attempts, or no longer to be spent in an ark tx at all. */
function isGone(vtxo: ArkVtxo): boolean {
  return vtxo.isSpent || vtxo.isSwept || vtxo.isUnrolled || vtxo.settledBy !== "";
}

function spentError(lost: ArkVtxo): AppError {
  return new AppError("vtxo_spent", {
    details: { vtxo_id: lost.vtxoId, spending_txid: lost.arkTxid || lost.settledBy },
  });
}
