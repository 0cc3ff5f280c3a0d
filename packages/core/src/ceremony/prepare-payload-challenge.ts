import type { Tx } from "../ports/transactions";
import { challengeExpiry } from "../session/challenge-times";
import { challengeEventData, issuePayloadChallenge } from "../session/issue-challenge";
import { moveSession } from "../session/move-session";
import type { Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import type { Prepared } from "./prepare-challenge";

/** Step 1 of a protocol_op: its one challenge, over what the intent says. Needs no coins, so nothing is locked or built. Throws `wrong_state`. */
export async function preparePayloadChallenge(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  fence?: string,
): Promise<Prepared> {
  const expiresAt = challengeExpiry(deps, session);
  const challengeId = deps.random.uuid();
  const prepared = await moveSession(
    deps,
    tx,
    session,
    {
      status: "challenge_sent",
      ceremonyState: "ark_tx_prepared",
      prepareSince: null,
      ...(fence === undefined ? { wakeAt: expiresAt } : {}),
    },
    { fence, events: [challengeEventData({ challengeId, stage: null, expiresAt })] },
  );
  const challenge = await issuePayloadChallenge(deps, tx, prepared, { challengeId, expiresAt });
  return { session: prepared, challenge };
}
