import { AppError, nostrCode } from "../errors";
import type { MonitorRequest } from "../nostr/service-request";
import type { SessionProgress } from "../nostr/session-progress";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { completedSteps, progressOf, stageOf, STEP_NAMES, stepName } from "../session/progress";
import { isHandedOver, isTerminal, type Session } from "../session/session";
import { answerService } from "./answer-service";
import type { ServiceRequestDeps } from "./service-deps";

/**
 * `monitor_status`: where a session of the author stands, and from then on every change of it (`tellWatcher`) until it ends or the
 * time is over. The watch is a part of the session's row. Errors: not_found, also for sessions of others.
 */
export async function serveMonitorStatus(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: MonitorRequest,
): Promise<readonly Wake[]> {
  const session = await lockOwnSession(deps, tx, event.pubkey, request.sessionId);
  if (request.timeoutMs > 0 && !isTerminal(session)) {
    const until = new Date(deps.clock.now().getTime() + request.timeoutMs);
    await deps.sessions.watch(tx, session, { requestId: request.requestId, eventId: event.id, until });
  }
  const shown = await describeSession(deps, session);
  const details = request.isDetailed ? await describeDetails(deps, session) : {};
  await answerService(deps, tx, event, request, (head) => ({
    ...head,
    action: request.action,
    status: "success",
    ...shown,
    ...details,
  }));
  return [];
}

/** Locked, so that no move falls between what the answer shows and what the watch is told. Looked at before: a stranger locks nothing. */
async function lockOwnSession(
  { sessions }: ServiceRequestDeps,
  tx: Tx,
  userPubkey: string,
  sessionId: string,
): Promise<Session> {
  const known = await sessions.find(sessionId);
  const session = known?.userPubkey === userPubkey ? await sessions.lock(tx, sessionId) : undefined;
  if (session === undefined) throw new AppError("not_found");
  return session;
}

async function describeSession(deps: ServiceRequestDeps, session: Session): Promise<SessionProgress> {
  const { sessionId, status, ceremonyState, currentStep, createdAt, errorCode, resultData } = session;
  const planned = isHandedOver(session)
    ? (await deps.sessionTxs.findTxids(session.headId ?? session.id))?.ark
    : undefined;
  const txid = resultData?.["txid"] ?? planned;
  return {
    session_id: sessionId,
    session_status: status,
    ceremony_state: ceremonyState,
    current_step: currentStep,
    total_steps: STEP_NAMES.length,
    progress_percent: Math.round(progressOf(session) * 100),
    started_at: createdAt.toISOString(),
    ...(typeof txid === "string" ? { txid } : {}),
    ...(errorCode === undefined ? {} : { error_code: nostrCode(errorCode) }),
  };
}

async function describeDetails(deps: ServiceRequestDeps, session: Session): Promise<Partial<SessionProgress>> {
  const open = await deps.challenges.findOpen(undefined, session.id);
  return {
    current_step_name: stepName(session.currentStep),
    stage: stageOf(session),
    completed_steps: completedSteps(session),
    ...(open === undefined ? {} : { open_challenge_id: open.challengeId }),
  };
}
