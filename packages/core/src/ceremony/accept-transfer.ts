import { matchServerCheckpoints, verifyServerSignedArkTx } from "../ark/server-signatures";
import { checkpointItems } from "../ark/signing-items";
import { assert } from "../errors";
import type { PendingArkTx } from "../ports/ark-daemon";
import type { SessionTxs } from "../ports/session-stores";
import { resendAt } from "../session/challenge-times";
import { challengeEventData, issueChallenge } from "../session/issue-challenge";
import { moveSession } from "../session/move-session";
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
  const first = await deps.challenges.findAnswered(session.id, "ark_tx");
  assert(first !== undefined, "challenge 1 was answered before");
  const challengeId = deps.random.uuid();
  const now = deps.clock.now();
  const expiresAt = resendAt(deps, now, now);
  const events = [challengeEventData({ challengeId, stage: "checkpoint_txs", expiresAt })];
  await deps.transactions.run(async (tx) => {
    const accepted = await moveSession(deps, tx, session, { ceremonyState: "accepted" }, { fence, events });
    await deps.sessionTxs.setServer(tx, session.id, byTxid(txs, arkPsbt, checkpointPsbts));
    await deps.txs.markBroadcast(tx, txs.ark.txid, session.sessionId);
    await issueChallenge(deps, tx, accepted, {
      challengeId,
      stage: "checkpoint_txs",
      items: checkpointItems(checkpointPsbts, session.userPubkey),
      arkPsbt,
      checkpointPsbts,
      params: arkParams,
      amounts: first.content.context.amounts,
      expiresAt,
    });
  });
  return MOVED;
}
