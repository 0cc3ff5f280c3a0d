import { actsAsOwner, mayRead, type Caller } from "../caller";
import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import { CALLED_OFF } from "../swap/batch-error";
import { endSession } from "./end-session";
import { hasFollowers, lockInOrder } from "./members";
import type { Session } from "./session";
import type { SessionDeps } from "./session-deps";

/**
 * Ends a session on somebody's word before the hand-over to arkd: failed with 3004, locks released. Errors: not_found,
 * wrong_state (it ended already), too_late_to_cancel.
 */
export async function cancelSession(
  deps: SessionDeps,
  tx: Tx,
  input: { readonly sessionId: string; readonly caller: Caller; readonly reason: string },
): Promise<Session> {
  const session = (await lockInOrder(deps, tx, input.sessionId))?.session;
  if (session === undefined || !mayRead(input.caller, session)) throw new AppError("not_found");
  const isCalledOff = hasFollowers(session) && !actsAsOwner(input.caller, session.userPubkey);
  const error = new AppError("session_cancelled", {
    message: input.reason,
    // Of a swap it matters whether a member refused or its submitter gave up.
    ...(isCalledOff && { details: CALLED_OFF }),
  });
  return endSession(deps, tx, session, { status: "failed", error });
}
