import { startLift } from "../lightning/start-lift";
import { requestContext } from "../nostr/notify-user";
import type { LiftRequest } from "../nostr/service-request";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import type { ServiceRequestDeps } from "./service-deps";

/** `lift_lightning`. The answer goes out with the invoice, which the worker has the node make (`answerLiftRequest`). */
export async function serveLift(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: LiftRequest,
): Promise<readonly Wake[]> {
  const { wakes } = await startLift(deps, tx, {
    userPubkey: event.pubkey,
    assetId: request.assetId,
    amount: request.amount,
    memo: request.memo ?? "",
    expirySeconds: request.preferredExpirySeconds,
    createdBy: `nostr:${event.pubkey}`,
    countedAs: `nostr:${event.pubkey}`,
    ownerProven: true,
    delivery: "both",
    context: requestContext({ requestId: request.requestId, eventId: event.id }),
  });
  return wakes;
}
