import type { SubmitBatchRequest } from "../nostr/service-request";
import { sessionIdOfMember } from "../nostr/session-id";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { submitBatch } from "../swap/submit-batch";
import { answerService } from "./answer-service";
import type { ServiceRequestDeps } from "./service-deps";

/** `submit_batch`: the author brings the signed intents of a swap. Errors: those of `submitBatch`. */
export async function serveSubmitBatch(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: SubmitBatchRequest,
): Promise<readonly Wake[]> {
  const { batch, action } = request;
  const { members, txid, expiresAt, wakes } = await submitBatch(deps, tx, {
    submitterPubkey: event.pubkey,
    createdBy: `nostr:${event.pubkey}`,
    request: batch,
    delivery: "both",
    requestEventId: event.id,
    sessionIdOf: (intentEventId) => sessionIdOfMember(intentEventId, event.id),
  });
  await answerService(deps, tx, event, request, (head) => ({
    ...head,
    action,
    status: "pending",
    batch_id: batch.batchId,
    members: members.map(({ intent, sessionId }) => ({ action_id: intent.actionId, session_id: sessionId })),
    ...(txid !== undefined && { txid }),
    expires_at: expiresAt.toISOString(),
  }));
  return wakes;
}
