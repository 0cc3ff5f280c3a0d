import { AppError } from "../errors";
import { endLandOf } from "../lightning/land-session";
import type { Tx } from "../ports/transactions";
import { releaseRenewal, withoutReserve } from "../renewal/reserve-renewal";
import { endSwap } from "../swap/end-swap";
import { failPlannedTx } from "./fail-planned-tx";
import { hasFollowers } from "./members";
import { moveSession } from "./move-session";
import { publishFailure, refIdOf } from "./publish-failure";
import { isAwaitingBatch, isHandedOver, isTerminal, type Session } from "./session";
import type { SessionDeps } from "./session-deps";

/** How a session that never reached arkd ends. Whoever decided it says why; the user is told by a 31341. */
export interface SessionEnd {
  readonly status: "failed" | "expired";
  readonly error: AppError;
}

/**
 * Ends a session before the hand-over, in one transaction: machines moved, locks released, open challenge closed, planned tx
 * failed, 31341 in the outbox. Throws `too_late_to_cancel` after the hand-over and `wrong_state` when it ended already.
 */
export async function endSession(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  end: SessionEnd,
  fence?: string,
): Promise<Session> {
  if (isTerminal(session)) throw new AppError("wrong_state", { details: { status: session.status, allowed: [] } });
  if (isHandedOver(session)) throw tooLate(session);
  return endNow(deps, tx, session, end, fence);
}

/** As `endSession`, for the one case after the hand-over: arkd's definite refusal, proven by a look at the inputs. */
export async function endRefusedSession(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  error: AppError,
  fence?: string,
): Promise<Session> {
  if (session.ceremonyState !== "submitting") throw tooLate(session);
  return endNow(deps, tx, session, { status: "failed", error }, fence);
}

/** As `endSession`, for a proof that no batch takes any more: it has run out, or its VTXOs are gone. */
export async function endAwaitingBatch(deps: SessionDeps, tx: Tx, session: Session, end: SessionEnd): Promise<Session> {
  if (!isAwaitingBatch(session)) throw tooLate(session);
  return endNow(deps, tx, session, end, undefined);
}

async function endNow(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  end: SessionEnd,
  fence: string | undefined,
): Promise<Session> {
  // Nothing of a swap ends alone.
  if (hasFollowers(session)) return endSwap(deps, tx, session, end.error, fence);
  const { status, error } = end;
  const ended = await moveSession(
    deps,
    tx,
    session,
    {
      status,
      ceremonyState: status === "failed" ? "failed" : "expired_before_submit",
      prepareSince: null,
      ...withoutReserve(session),
      errorCode: error.code,
      errorMessage: error.message,
      completedAt: deps.clock.now(),
    },
    { fence },
  );
  await endLandOf(deps, tx, session, end);
  await deps.vtxos.unlock(tx, session.sessionId);
  await releaseRenewal(deps, tx, session);
  const open = await deps.challenges.findOpen(tx, session.id);
  if (open !== undefined) await deps.challenges.close(tx, open, status === "expired" ? "expired" : "superseded");
  await failPlannedTx(deps, tx, session, error);
  await publishFailure(deps, tx, {
    authorPubkey: session.userPubkey,
    actionId: session.intent.actionId,
    refId: refIdOf(session),
    intentEventId: session.intentEventId,
    silent: session.delivery === "http",
    error,
  });
  return ended;
}

function tooLate(session: Session): AppError {
  return new AppError("too_late_to_cancel", {
    details: { status: session.status, ceremony_state: session.ceremonyState },
  });
}
