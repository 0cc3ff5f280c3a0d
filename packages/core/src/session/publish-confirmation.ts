import { confirmationTemplate, nextCreatedAt } from "../nostr/build-events";
import { CONFIRMATION_KIND } from "../nostr/kinds";
import type { ConfirmationContent } from "../nostr/result-content";
import { resultId } from "../nostr/result-id";
import type { Tx } from "../ports/transactions";
import { refIdOf } from "./publish-failure";
import type { Session } from "./session";
import type { SessionDeps } from "./session-deps";

export interface Confirmation {
  readonly results: ConfirmationContent["results"];
  /** Every receiver of a VTXO. */
  readonly recipientPubkeys: readonly string[];
}

/**
 * The 31340, at most once per action: a result row written before (by a failure) would exclude it. Its outputs wait for the next
 * settlement from then on.
 */
export async function publishConfirmation(
  deps: Pick<SessionDeps, "clock" | "identity" | "outbox" | "results" | "leaves">,
  tx: Tx,
  session: Session,
  { results, recipientPubkeys }: Confirmation,
): Promise<void> {
  const authorPubkey = session.userPubkey;
  const refId = refIdOf(session);
  const now = deps.clock.now();
  const event = deps.identity?.sign(
    confirmationTemplate({
      content: { status: "success", ref_action_id: session.intent.actionId, results, timestamp: now.toISOString() },
      authorPubkey,
      refId,
      intentEventIds: session.intentEventId === undefined ? [] : [session.intentEventId],
      recipientPubkeys,
      createdAt: nextCreatedAt(
        now,
        await deps.outbox.findLastCreatedAt(tx, CONFIRMATION_KIND, resultId(authorPubkey, refId)),
      ),
    }),
  );
  const recorded = await deps.results.insert(tx, { authorPubkey, refId, kind: CONFIRMATION_KIND, eventId: event?.id });
  if (!recorded || event === undefined) return;
  await deps.outbox.insert(tx, event, session.sessionId);
  const vtxoIds = results.outputs.map(({ vtxo_id }) => vtxo_id);
  await deps.leaves.insert(tx, [...new Set(vtxoIds)]);
}
