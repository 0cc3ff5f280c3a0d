import { verifyFinalizable } from "../ark/verify-finalizable";
import { assert } from "../errors";
import type { Challenge } from "../session/challenge";
import { resendAt } from "../session/challenge-times";
import { challengeEventData, resendChallenge } from "../session/issue-challenge";
import { moveSession } from "../session/move-session";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { byTxid, getSessionTxs, signPsbts } from "./session-signatures";
import type { StepOutcome } from "./step-outcome";

/** Step 4b: never fails. Challenge 2 is sent again until it is answered; then every checkpoint carries both signatures. */
export async function awaitCheckpointSignatures(
  deps: CeremonyDeps,
  session: Session,
  fence: string,
): Promise<StepOutcome> {
  const open = await deps.challenges.findOpen(undefined, session.id);
  if (open === undefined) return completeCheckpoints(deps, session, fence);
  if (open.expiresAt > deps.clock.now()) return { kind: "wait", until: open.expiresAt };
  return resend(deps, session, open, fence);
}

async function resend(deps: CeremonyDeps, session: Session, open: Challenge, fence: string): Promise<StepOutcome> {
  const until = resendAt(deps, open.createdAt, deps.clock.now());
  const events = [challengeEventData({ ...open, expiresAt: until })];
  await deps.transactions.run(async (tx) => {
    const moved = await moveSession(deps, tx, session, {}, { fence, events });
    await resendChallenge(deps, tx, moved, open, until);
  });
  return { kind: "wait", until };
}

async function completeCheckpoints(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const { txs } = await getSessionTxs(deps, session);
  const arkPsbt = txs.ark.serverPsbt;
  assert(arkPsbt !== undefined, "an accepted session has arkd's signatures");
  const serverSigned = txs.checkpoints.map((each) => each.serverPsbt ?? "");
  const checkpointPsbts = await signPsbts(deps, session, "checkpoint_txs", serverSigned);
  // FinalizeTx is one-shot: a refusal there freezes the inputs, so nothing unverified gets that far.
  verifyFinalizable({ arkPsbt, checkpointPsbts });
  const signed = await deps.transactions.run(async (tx) => {
    const moved = await moveSession(deps, tx, session, { ceremonyState: "checkpoint_sigs_collected" }, { fence });
    await deps.sessionTxs.setFinal(tx, session.id, byTxid(txs, arkPsbt, checkpointPsbts));
    return moved;
  });
  return { kind: "moved", session: signed };
}
