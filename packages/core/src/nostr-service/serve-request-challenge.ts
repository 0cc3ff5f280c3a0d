import type { Caller } from "../caller";
import type { ChallengeRequest } from "../nostr/service-request";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { resendAt } from "../session/challenge-times";
import { resendChallenge } from "../session/issue-challenge";
import { requestChallenge, type RequestedChallenge } from "../session/request-challenge";
import { answerService } from "./answer-service";
import type { ServiceRequestDeps } from "./service-deps";

/**
 * `request_challenge`: the open challenge (31511) is sent again, or prepared anew when challenge 1 has expired. For the session's
 * signer alone. Errors: those of `requestChallenge`.
 */
export async function serveRequestChallenge(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: ChallengeRequest,
): Promise<readonly Wake[]> {
  const { sessionId, action } = request;
  const requested = await requestChallenge(deps, tx, { sessionId, caller: signerOf(event) });
  const shown = await sendChallenge(deps, tx, requested);
  await answerService(deps, tx, event, request, (head) => ({
    ...head,
    action,
    status: "pending",
    session_id: sessionId,
    ...shown,
  }));
  return requested.wakes;
}

/** An event proves its author's key and nothing else. */
function signerOf({ pubkey }: NostrEvent): Caller {
  const principal = `nostr:${pubkey}`;
  return { principal, pubkey, isAdmin: false, isSolver: false, isOpen: false, scopes: new Set() };
}

/** Sees to it that the challenge travels over Nostr; of a session that does not otherwise, too, for its signer asked here. */
async function sendChallenge(deps: ServiceRequestDeps, tx: Tx, { session, challenge, isNew }: RequestedChallenge) {
  if (challenge === undefined) return {};
  const shown = { challenge_id: challenge.challengeId, expires_at: challenge.expiresAt.toISOString() };
  const { challengeEventId, stage, createdAt } = challenge;
  if (challengeEventId !== undefined && isNew) return shown;
  if (challengeEventId !== undefined && stage !== "checkpoint_txs") {
    await deps.outbox.resend(tx, challengeEventId);
    return shown;
  }
  const now = deps.clock.now();
  const expiresAt = challenge.expiresAt > now ? challenge.expiresAt : resendAt(deps, createdAt, now);
  await resendChallenge(deps, tx, { ...session, delivery: "both" }, challenge, expiresAt);
  return { ...shown, expires_at: expiresAt.toISOString() };
}
