import { verifyFinalizable } from "../ark/verify-finalizable";
import { assert } from "../errors";
import type { Challenge } from "../session/challenge";
import { resendAt } from "../session/challenge-times";
import { challengeEventData, resendChallenge } from "../session/issue-challenge";
import { moveCeremony, moveMembers, readMembers } from "../session/members";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { byTxid, getSessionTxs, signPsbts } from "./session-signatures";
import { MOVED, type StepOutcome } from "./step-outcome";

/** Step 4b: never fails. Challenge 2 is sent again until it is answered; then every checkpoint carries both signatures. */
export async function awaitCheckpointSignatures(
  deps: CeremonyDeps,
  session: Session,
  fence: string,
): Promise<StepOutcome> {
  const open = await listOpen(deps, session);
  const [first, ...more] = open;
  if (first === undefined) return completeCheckpoints(deps, session, fence);
  const due = open.filter(({ expiresAt }) => expiresAt <= deps.clock.now());
  if (due.length > 0) return resend(deps, session, due, fence);
  const until = more.reduce((least, { expiresAt }) => (expiresAt < least ? expiresAt : least), first.expiresAt);
  return { kind: "wait", until };
}

async function listOpen(deps: CeremonyDeps, session: Session): Promise<readonly Challenge[]> {
  const open: Challenge[] = [];
  for (const { id } of await readMembers(deps, session)) {
    const challenge = await deps.challenges.findOpen(undefined, id);
    if (challenge !== undefined) open.push(challenge);
  }
  return open;
}

async function resend(
  deps: CeremonyDeps,
  session: Session,
  due: readonly Challenge[],
  fence: string,
): Promise<StepOutcome> {
  const dueOf = ({ id }: Session) => due.find(({ sessionRowId }) => sessionRowId === id);
  const untilOf = ({ createdAt }: Challenge) => resendAt(deps, createdAt, deps.clock.now());
  const eventsOf = (member: Session) => {
    const challenge = dueOf(member);
    return challenge ? [challengeEventData({ ...challenge, expiresAt: untilOf(challenge) })] : [];
  };
  await deps.transactions.run(async (tx) => {
    for (const member of await moveMembers(deps, tx, session, {}, { fence, eventsOf })) {
      const challenge = dueOf(member);
      if (challenge !== undefined) await resendChallenge(deps, tx, member, challenge, untilOf(challenge));
    }
  });
  return MOVED;
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
    const moved = await moveCeremony(deps, tx, session, { ceremonyState: "checkpoint_sigs_collected" }, { fence });
    await deps.sessionTxs.setFinal(tx, session.id, byTxid(txs, arkPsbt, checkpointPsbts));
    return moved;
  });
  return { kind: "moved", session: signed };
}
