import { selectionRules } from "../ceremony/ark-limits";
import { judgeFunds } from "../ceremony/choose-inputs";
import { assert } from "../errors";
import type { RenewRequest } from "../nostr/service-request";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { judgeRenewal, wayOf } from "../renewal/judge-renewal";
import { readIntentData } from "../session/read-intent";
import { answerService } from "./answer-service";
import type { ServiceRequestDeps } from "./service-deps";

/**
 * `renew`, the answer before anything is signed: the way of each VTXO, and the exact 31510 to sign. Nothing is held and nothing begins; what
 * would be refused at once is refused here.
 */
export async function serveRenew(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: RenewRequest,
): Promise<readonly Wake[]> {
  const { requestId, action, vtxoIds } = request;
  const info = await deps.arkInfo.current();
  const intentData = { action_id: requestId, type: "vtxo:renew", params: { vtxo_ids: vtxoIds } };
  const { intent } = await readIntentData(deps, { userPubkey: event.pubkey, type: "p2p_transfer", intentData }, info);
  assert(intent.type === "vtxo_renew", "the intent of a renewal");
  const judged = await judgeRenewal(deps, tx, event.pubkey, intent);
  const funds = { userPubkey: event.pubkey, ownerProven: true, intent: judged };
  if (judged.way === "transfer") await judgeFunds(deps, tx, funds, selectionRules(deps, judged, info));
  const rows = await deps.vtxos.listByIds(tx, vtxoIds);
  const now = deps.clock.now();
  const renewals = vtxoIds.flatMap((id) => rows.filter(({ vtxoId }) => vtxoId === id));
  await answerService(deps, tx, event, request, (head) => ({
    ...head,
    action,
    status: "success",
    renewals: renewals.map(({ vtxoId, expiresAt, status }) => ({
      vtxo_id: vtxoId,
      expires_at: expiresAt?.toISOString() ?? null,
      way: wayOf({ status, expiresAt }, now),
    })),
    intent_template: intent.content,
  }));
  return [];
}
