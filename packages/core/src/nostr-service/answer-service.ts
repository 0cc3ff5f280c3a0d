import { answerRequest } from "../nostr/answer-request";
import type { NotifyDeps } from "../nostr/notify-user";
import type { ServiceRequest } from "../nostr/service-request";
import type { ServiceResponseContent } from "../nostr/service-response";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";

/** What every 31501 says about itself. */
interface AnswerHead {
  readonly request_id: string;
  readonly timestamp: string;
  readonly gateway_pubkey: string;
}

/** Puts the 31501 to a request that was served into the outbox, in the transaction of what it did. */
export async function answerService(
  deps: NotifyDeps,
  tx: Tx,
  event: NostrEvent,
  { requestId }: Pick<ServiceRequest, "requestId">,
  content: (head: AnswerHead) => ServiceResponseContent,
): Promise<void> {
  await answerRequest(deps, tx, {
    userPubkey: event.pubkey,
    requestEventId: event.id,
    requestId,
    content: ({ gatewayPubkey, timestamp }) =>
      content({ request_id: requestId, timestamp, gateway_pubkey: gatewayPubkey }),
  });
}
