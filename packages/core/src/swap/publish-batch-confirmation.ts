import { assert } from "../errors";
import { confirmationTemplate, nextCreatedAt } from "../nostr/build-events";
import { CONFIRMATION_KIND } from "../nostr/kinds";
import { resultId } from "../nostr/result-id";
import type { Tx } from "../ports/transactions";
import type { Members } from "../session/members";
import type { Confirmation } from "../session/publish-confirmation";
import { refIdOf } from "../session/publish-failure";
import type { SessionDeps } from "../session/session-deps";

/** The one 31340 of a batch: the outcome of the submitter's batch_id and of every member's action, each at most once. Its outputs wait for the next settlement. */
export async function publishBatchConfirmation(
  deps: Pick<SessionDeps, "clock" | "identity" | "outbox" | "results" | "leaves" | "swapBatches">,
  tx: Tx,
  members: Members,
  { results, recipientPubkeys }: Confirmation,
): Promise<void> {
  const [head] = members;
  const batch = await deps.swapBatches.findByHead(tx, head.id);
  assert(batch !== undefined, "the head of a swap has its batch");
  const { authorPubkey, batchId } = batch;
  const now = deps.clock.now();
  const last = await deps.outbox.findLastCreatedAt(tx, CONFIRMATION_KIND, resultId(authorPubkey, batchId));
  const event = deps.identity?.sign(
    confirmationTemplate({
      content: {
        status: "success",
        batch_id: batchId,
        ref_action_ids: members.map(({ intent }) => intent.actionId),
        results,
        timestamp: now.toISOString(),
      },
      authorPubkey,
      refId: batchId,
      intentEventIds: members.flatMap(({ intentEventId }) => (intentEventId === undefined ? [] : [intentEventId])),
      recipientPubkeys,
      createdAt: nextCreatedAt(now, last),
    }),
  );
  const result = { kind: CONFIRMATION_KIND, eventId: event?.id };
  await deps.results.insert(tx, { ...result, authorPubkey, refId: batchId });
  for (const member of members) {
    await deps.results.insert(tx, { ...result, authorPubkey: member.userPubkey, refId: refIdOf(member) });
  }
  if (event === undefined) return;
  await deps.outbox.insert(tx, event, head.sessionId);
  await deps.leaves.insert(tx, [...new Set(results.outputs.map(({ vtxo_id }) => vtxo_id))]);
}
