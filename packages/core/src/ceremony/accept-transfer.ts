import { matchServerCheckpoints, verifyServerSignedArkTx } from "../ark/server-signatures";
import { checkpointItems } from "../ark/signing-items";
import { assert } from "../errors";
import type { PendingArkTx } from "../ports/ark-daemon";
import type { SessionTxs } from "../ports/session-stores";
import { resendAt } from "../session/challenge-times";
import { challengeEventData, issueChallenge, type ChallengeInput } from "../session/issue-challenge";
import { moveMembers, readMembers, type Members } from "../session/members";
import type { Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { byTxid } from "./session-signatures";
import { MOVED, type StepOutcome } from "./step-outcome";

/**
 * arkd has accepted: its signatures are verified and kept, and challenge 2 is issued over the checkpoints it signed. From this
 * commit on the session only goes forward.
 */
export async function acceptTransfer(
  deps: CeremonyDeps,
  session: Session,
  txs: SessionTxs,
  pending: PendingArkTx,
  fence: string,
): Promise<StepOutcome> {
  const { arkParams } = session;
  assert(pending.arkTxid === txs.ark.txid && arkParams !== undefined, "arkd answers about the transaction it was sent");
  const arkPsbt = verifyServerSignedArkTx(txs.ark.signedPsbt ?? "", pending.finalArkTx);
  const unsigned = txs.checkpoints.map((each) => each.unsignedPsbt);
  const checkpointPsbts = matchServerCheckpoints(unsigned, pending.signedCheckpointTxs);
  const asked = await readAsked(deps, await readMembers(deps, session));
  const now = deps.clock.now();
  const expiresAt = resendAt(deps, now, now);
  const eventsOf = ({ sessionId }: Session) => {
    const challengeId = asked.get(sessionId)?.challengeId;
    return challengeId === undefined ? [] : [challengeEventData({ challengeId, stage: "checkpoint_txs", expiresAt })];
  };
  await deps.transactions.run(async (tx) => {
    const accepted = await moveMembers(deps, tx, session, { ceremonyState: "accepted" }, { fence, eventsOf });
    await deps.sessionTxs.setServer(tx, session.id, byTxid(txs, arkPsbt, checkpointPsbts));
    await deps.txs.markBroadcast(tx, txs.ark.txid, session.sessionId);
    for (const member of accepted) {
      const challenge = asked.get(member.sessionId);
      if (challenge === undefined) continue;
      await issueChallenge(deps, tx, member, {
        ...challenge,
        stage: "checkpoint_txs",
        items: checkpointItems(checkpointPsbts, member.userPubkey),
        arkPsbt,
        checkpointPsbts,
        params: arkParams,
        expiresAt,
      });
    }
  });
  return MOVED;
}

/** Challenge 2 of the members that have to give their checkpoint signatures still, by session_id. */
async function readAsked(deps: CeremonyDeps, members: Members) {
  const asked = new Map<string, Pick<ChallengeInput, "challengeId" | "amounts">>();
  for (const { id, sessionId } of members) {
    const first = await deps.challenges.findAnswered(id, "ark_tx");
    assert(first !== undefined, "challenge 1 was answered before");
    const { presign, amounts } = first.content.context;
    if (!presign) asked.set(sessionId, { challengeId: deps.random.uuid(), amounts });
  }
  return asked;
}
