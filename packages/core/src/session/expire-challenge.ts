import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import { releaseRenewal, withoutReserve } from "../renewal/reserve-renewal";
import { endSwap } from "../swap/end-swap";
import type { Challenge } from "./challenge";
import { hasFollowers } from "./members";
import { moveSession } from "./move-session";
import type { Session } from "./session";
import type { SessionDeps } from "./session-deps";

/**
 * Challenge 1 ran out: its locks are released and the session is `initiated` again until its own end. A new challenge, with
 * a new coin selection, comes only when somebody asks for one. A swap ends with it: its other members do not wait for a silent one.
 */
export async function expireChallenge(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  challenge: Challenge,
  fence?: string,
): Promise<Session> {
  if (hasFollowers(session)) return endSwap(deps, tx, session, new AppError("challenge_expired"), fence);
  const moved = await moveSession(
    deps,
    tx,
    session,
    {
      status: "initiated",
      ceremonyState: "intent_received",
      prepareSince: null,
      ...withoutReserve(session),
      ...(fence === undefined ? { wakeAt: session.expiresAt } : {}),
    },
    { fence },
  );
  await deps.challenges.close(tx, challenge, "expired");
  await deps.vtxos.unlock(tx, session.sessionId);
  await releaseRenewal(deps, tx, session);
  const planned = await deps.sessionTxs.find(tx, session.id);
  if (planned !== undefined) {
    await deps.txs.fail(tx, planned.txs.ark.txid, session.sessionId, {
      txType: session.sessionType,
      errorCode: "challenge_expired",
      errorMessage: "The challenge timed out before it was answered.",
    });
  }
  return moved;
}
