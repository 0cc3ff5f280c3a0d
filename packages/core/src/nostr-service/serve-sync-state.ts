import type { SyncRequest } from "../nostr/service-request";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { answerService } from "./answer-service";
import { readAccount } from "./read-account";
import type { ServiceRequestDeps } from "./service-deps";

/** `sync_state`: what the author has here and whom it deals with, page by page. */
export async function serveSyncState(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: SyncRequest,
): Promise<readonly Wake[]> {
  const { action, since, cursor, assetId } = request;
  const state = await readAccount(deps, tx, { userPubkey: event.pubkey, since, cursor, assetId });
  await answerService(deps, tx, event, request, (head) => ({ ...head, action, status: "success", ...state }));
  return [];
}
