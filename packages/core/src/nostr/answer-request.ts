import type { Tx } from "../ports/transactions";
import { nextCreatedAt, serviceResponseTemplate, signPrivateEvent } from "./build-events";
import { SERVICE_RESPONSE_KIND } from "./kinds";
import type { NotifyDeps } from "./notify-user";
import { resultId } from "./result-id";
import type { ServiceResponseContent } from "./service-response";

export interface RequestAnswer {
  readonly userPubkey: string;
  /** Of the 31500 that is answered. */
  readonly requestEventId: string;
  /** As the answer shows it; stands for the request in the `d`. */
  readonly requestId: string;
  /** About this one event only: gets a `d` of its own, so that the answer given before survives at relays. */
  readonly isNotice?: boolean;
  readonly content: (facts: { readonly gatewayPubkey: string; readonly timestamp: string }) => ServiceResponseContent;
}

/** Puts a 31501 into the outbox. Nothing without a Nostr key, which no request could have reached anyway. */
export async function answerRequest(deps: NotifyDeps, tx: Tx, answer: RequestAnswer): Promise<void> {
  const { identity } = deps;
  if (identity === undefined) return;
  const now = deps.clock.now();
  const { userPubkey, requestEventId, requestId } = answer;
  const dTag = requestDTag(userPubkey, requestId) + (answer.isNotice === true ? `:${requestEventId}` : "");
  const template = serviceResponseTemplate({
    content: answer.content({ gatewayPubkey: identity.pubkey, timestamp: now.toISOString() }),
    dTag,
    userPubkey,
    requestEventId,
    createdAt: nextCreatedAt(now, await deps.outbox.findLastCreatedAt(tx, SERVICE_RESPONSE_KIND, dTag)),
  });
  const scheme = await deps.peers.findScheme(userPubkey);
  await deps.outbox.insert(tx, signPrivateEvent(identity, scheme, template), requestId);
}

/** Sends the answer that was given once more; nothing while there is none. */
export async function resendAnswer(deps: NotifyDeps, tx: Tx, userPubkey: string, requestId: string): Promise<void> {
  await deps.outbox.resendLast(tx, SERVICE_RESPONSE_KIND, requestDTag(userPubkey, requestId));
}

/** `d` of a 31501: D(request_id). */
function requestDTag(userPubkey: string, requestId: string): string {
  return resultId(userPubkey, requestId);
}
