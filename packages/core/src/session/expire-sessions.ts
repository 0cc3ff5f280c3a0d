import { AppError } from "../errors";
import { endSession } from "./end-session";
import { expireChallenge } from "./expire-challenge";
import { findLapsed } from "./find-lapsed";
import { isHandedOver, isTerminal } from "./session";
import type { SessionDeps } from "./session-deps";

export interface ExpiryCounts {
  readonly expiredSessions: number;
  readonly expiredChallenges: number;
}

/**
 * Ends what ran out of time before the hand-over: at most `limit` sessions (expired, locks released, 31341 3002) and `limit`
 * challenges (session back to initiated). One transaction each, so one that moved meanwhile holds up nothing.
 */
export async function expireSessions(deps: SessionDeps, input: { readonly limit: number }): Promise<ExpiryCounts> {
  const now = deps.clock.now();
  let expiredSessions = 0;
  for (const session of await deps.sessions.listExpired(now, input.limit)) {
    if (await expireOneSession(deps, session.sessionId)) expiredSessions++;
  }
  let expiredChallenges = 0;
  for (const due of await deps.challenges.listExpired(now, input.limit)) {
    if (await expireOneChallenge(deps, due.sessionId)) expiredChallenges++;
  }
  return { expiredSessions, expiredChallenges };
}

function expireOneSession(deps: SessionDeps, sessionId: string): Promise<boolean> {
  return deps.transactions.run(async (tx) => {
    const session = await deps.sessions.lock(tx, sessionId);
    if (session === undefined || isTerminal(session) || isHandedOver(session)) return false;
    // It ends only with its lift.
    if (session.sessionType === "lightning_lift") return false;
    if (session.expiresAt > deps.clock.now()) return false;
    await endSession(deps, tx, session, { status: "expired", error: new AppError("session_expired") });
    return true;
  });
}

function expireOneChallenge(deps: SessionDeps, sessionId: string): Promise<boolean> {
  return deps.transactions.run(async (tx) => {
    const session = await deps.sessions.lock(tx, sessionId);
    if (session?.ceremonyState !== "ark_tx_prepared") return false;
    const open = await findLapsed(deps, tx, session);
    if (open === undefined) return false;
    await expireChallenge(deps, tx, session, open);
    return true;
  });
}
