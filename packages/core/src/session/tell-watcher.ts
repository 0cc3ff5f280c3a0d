import { nostrCode } from "../errors";
import { type NotifyDeps, publishNotification } from "../nostr/notify-user";
import type { Tx } from "../ports/transactions";
import { progressOf, STEP_NAMES } from "./progress";
import type { Session } from "./session";

/**
 * Tells the user who watches the session where it stands now, by a 31502 in the transaction of the move. It goes out however the
 * session travels otherwise: the user asked for it over Nostr.
 */
export async function tellWatcher(deps: NotifyDeps, tx: Tx, session: Session): Promise<void> {
  const { watch, sessionId, errorCode } = session;
  const now = deps.clock.now();
  if (deps.identity === undefined || watch === undefined || watch.until <= now) return;
  await publishNotification(deps, tx, {
    content: {
      notification_id: `${sessionId}:${session.eventSeq}`,
      type: "status_update",
      timestamp: now.toISOString(),
      gateway_pubkey: deps.identity.pubkey,
      request_id: watch.requestId,
      session_id: sessionId,
      step: session.currentStep,
      total_steps: STEP_NAMES.length,
      progress_percent: Math.round(progressOf(session) * 100),
      message: session.status,
      ...(errorCode === undefined ? {} : { error_code: nostrCode(errorCode) }),
    },
    userPubkey: session.userPubkey,
    refEventId: watch.eventId,
    subjectId: sessionId,
  });
}
