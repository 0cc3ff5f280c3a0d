import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import { endSession } from "./end-session";
import { expireChallenge } from "./expire-challenge";
import { findLapsed } from "./find-lapsed";
import { isHandedOver, isTerminal } from "./session";
import type { SessionDeps } from "./session-deps";

/**
 * Takes over what another session holds, where that is allowed: its time is over, its challenge 1 ran out (the session is
 * `initiated` again), or nobody proved to own it and the new one is proven (the other fails 2004). Else the lock stays as it is.
 */
export async function yieldLock(deps: SessionDeps, tx: Tx, lockedBy: string, toProvenOwner: boolean): Promise<void> {
  const holder = await deps.sessions.lock(tx, lockedBy);
  if (holder === undefined || isTerminal(holder) || isHandedOver(holder)) return;
  if (toProvenOwner && !holder.ownerProven) {
    await endSession(deps, tx, holder, { status: "failed", error: new AppError("vtxo_locked") });
    return;
  }
  if (holder.expiresAt <= deps.clock.now()) {
    await endSession(deps, tx, holder, { status: "expired", error: new AppError("session_expired") });
    return;
  }
  const open = await findLapsed(deps, tx, holder);
  if (open !== undefined) await expireChallenge(deps, tx, holder, open);
}
