import { actsAsOwner, type Caller } from "@arkrelay/core/caller";
import { AppError } from "@arkrelay/core/errors";
import { readPubkey } from "@arkrelay/core/pubkey";
import { isTerminal, type Session } from "@arkrelay/core/session/session";

import type { ApiDeps } from "../api-deps";

/** Open sessions of one user and one creator are limited to a few, so one page holds them all. */
const OPEN_SESSIONS_MAX = 50;

/**
 * A user's balances and VTXOs are shown to the user, to the operator, and to a solver that the user has named in the signed
 * intent of a session that is still open. Throws the same `not_found` as for an unknown key.
 */
export async function assertMayReadFunds(deps: ApiDeps, caller: Caller, userPubkey: string): Promise<void> {
  if (caller.isAdmin || actsAsOwner(caller, userPubkey)) return;
  if (!caller.isSolver) throw new AppError("not_found");
  const sessions = await deps.session.sessions.list(
    { userPubkey, createdBy: caller.principal },
    OPEN_SESSIONS_MAX,
    undefined,
  );
  if (!sessions.some((session) => isOpenAndNames(session, caller))) throw new AppError("not_found");
}

function isOpenAndNames(session: Session, caller: Caller): boolean {
  if (isTerminal(session) || !session.ownerProven || session.intentEventId === undefined) return false;
  const solverId = session.intent.content["solver_id"];
  if (typeof solverId !== "string") return false;
  return (
    caller.principal === `key:${solverId}` || (caller.pubkey !== undefined && readPubkey(solverId) === caller.pubkey)
  );
}
