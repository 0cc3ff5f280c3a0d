import { assert } from "../errors";
import { checkLand } from "../lightning/open-land";
import type { LandRequest } from "../nostr/service-request";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { readIntentData } from "../session/read-intent";
import { answerService } from "./answer-service";
import type { ServiceRequestDeps } from "./service-deps";

/**
 * `land_lightning`, a quote: the fee, and the exact 31510 to sign for it. Nothing is held and nothing begins; the rules that need no
 * funds are applied, so that nobody signs what would be refused at once.
 */
export async function serveLand(
  deps: ServiceRequestDeps,
  tx: Tx,
  event: NostrEvent,
  request: LandRequest,
): Promise<readonly Wake[]> {
  const { requestId, action } = request;
  const params = {
    asset_id: request.assetId,
    amount: Number(request.amount),
    lightning_invoice: request.lightningInvoice,
  };
  const { intent } = await readIntentData(
    deps,
    { userPubkey: event.pubkey, type: "lightning_land", intentData: { action_id: requestId, params } },
    await deps.arkInfo.current(),
  );
  assert(intent.type === "lightning_land", "the intent of a land");
  const { amount, feeAmount } = intent;
  await checkLand(deps, tx, { userPubkey: event.pubkey, intent });
  await answerService(deps, tx, event, request, (head) => ({
    ...head,
    action,
    status: "success",
    asset_id: intent.assetId,
    amount: Number(amount),
    fee_asset_id: intent.feeAssetId,
    fee_amount: Number(feeAmount),
    total_amount: Number(amount + feeAmount),
    payment_hash: intent.paymentHash,
    intent_template: intent.content,
  }));
  return [];
}
