import { AppError, type ErrorCode } from "../errors";
import { endLandOf } from "../lightning/land-session";
import { failureContent, failureTemplate, nextCreatedAt, signPrivateEvent } from "../nostr/build-events";
import { FAILURE_KIND } from "../nostr/kinds";
import { namespacedActionId } from "../nostr/result-id";
import type { Tx } from "../ports/transactions";
import { moveSession } from "./move-session";
import { isHandedOver, isTerminal, type Session } from "./session";
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

async function endNow(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  end: SessionEnd,
  fence: string | undefined,
): Promise<Session> {
  const { status, error } = end;
  const ended = await moveSession(
    deps,
    tx,
    session,
    {
      status,
      ceremonyState: status === "failed" ? "failed" : "expired_before_submit",
      prepareSince: null,
      errorCode: error.code,
      errorMessage: error.message,
      completedAt: deps.clock.now(),
    },
    { fence },
  );
  await endLandOf(deps, tx, session, end);
  await deps.vtxos.unlock(tx, session.sessionId);
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

export interface FailureNotice {
  readonly authorPubkey: string;
  readonly actionId: string;
  readonly refId: string;
  readonly intentEventId: string | undefined;
  /** Record the outcome, publish nothing: the session never used Nostr, or the author is a stranger over budget. */
  readonly silent: boolean;
  readonly error: AppError;
}

/** Writes the outcome of an action once, and its 31341. Says nothing when the action has an outcome already. */
export async function publishFailure(deps: SessionDeps, tx: Tx, notice: FailureNotice): Promise<void> {
  const event = notice.silent ? undefined : await failureEvent(deps, tx, notice);
  const recorded = await deps.results.insert(tx, {
    authorPubkey: notice.authorPubkey,
    refId: notice.refId,
    kind: FAILURE_KIND,
    eventId: event?.id,
  });
  if (recorded && event !== undefined) await deps.outbox.insert(tx, event, notice.refId);
}

/** A notice that is not the action's outcome: a reused action_id (1004), whose first result stands. */
export async function publishNotice(deps: SessionDeps, tx: Tx, notice: FailureNotice): Promise<void> {
  const event = notice.silent ? undefined : await failureEvent(deps, tx, notice);
  if (event !== undefined) await deps.outbox.insert(tx, event, notice.refId);
}

/** The id a result is filed under: the action_id, with the creator's namespace when the owner did not prove the session. */
export function refIdOf(session: Pick<Session, "intent" | "ownerProven" | "createdBy">): string {
  return namespacedActionId(session.intent.actionId, session.ownerProven ? undefined : session.createdBy);
}

async function failureEvent(deps: SessionDeps, tx: Tx, notice: FailureNotice) {
  const { identity } = deps;
  if (identity === undefined) return undefined;
  const now = deps.clock.now();
  const input = { ...notice, timestamp: now.toISOString() };
  const template = failureTemplate({ ...input, createdAt: nextCreatedAt(now, undefined) });
  const dTag = template.tags.find((tag) => tag[0] === "d")?.[1] ?? "";
  const last = await deps.outbox.findLastCreatedAt(tx, FAILURE_KIND, dTag);
  return signPrivateEvent(identity, await deps.peers.findScheme(notice.authorPubkey), {
    ...template,
    created_at: nextCreatedAt(now, last),
    plainText: JSON.stringify(failureContent(input)),
  });
}

async function failPlannedTx(deps: SessionDeps, tx: Tx, session: Session, error: AppError): Promise<void> {
  const planned = await deps.sessionTxs.find(tx, session.id);
  if (planned === undefined) return;
  const errorCode: ErrorCode = error.code;
  await deps.txs.fail(tx, planned.txs.ark.txid, session.sessionId, { errorCode, errorMessage: error.message });
}

function tooLate(session: Session): AppError {
  return new AppError("too_late_to_cancel", {
    details: { status: session.status, ceremony_state: session.ceremonyState },
  });
}
