import { namedAmounts, readNamesOf, type AssetNames } from "../asset/asset-names";
import { NOTIFICATION_SEQUENCE } from "../nostr/notification-content";
import { publishNotification, type NotifyDeps } from "../nostr/notify-user";
import type { AssetRegistry } from "../ports/asset-registry";
import type { Transactions, Tx } from "../ports/transactions";
import type { VtxoExpiryStore } from "../ports/vtxo-expiry-store";
import type { WebhookOutbox } from "../ports/webhook-stores";
import { vtxoExpiringEvent } from "../webhook/vtxo-event";
import type { Vtxo } from "./vtxo";

export interface TellExpiringDeps extends NotifyDeps {
  readonly transactions: Transactions;
  readonly assets: Pick<AssetRegistry, "find" | "listByArkIds">;
  readonly expiries: Pick<VtxoExpiryStore, "listUntold" | "markTold">;
  readonly webhooks: WebhookOutbox;
}

/**
 * Tells owners (31502 `vtxo_expiring`, webhook `vtxo.expiring`) of at most `limit` VTXOs that expire within `horizonMs`, nearest first,
 * each once. Returns how many.
 */
export async function tellExpiring(
  deps: TellExpiringDeps,
  { horizonMs, limit, signal }: { readonly horizonMs: number; readonly limit: number; readonly signal?: AbortSignal },
): Promise<number> {
  const now = deps.clock.now();
  const expiring = await deps.expiries.listUntold(now, new Date(now.getTime() + horizonMs), limit);
  const names = await readNamesOf(deps.assets, undefined, expiring);
  let told = 0;
  for (const vtxo of expiring) {
    signal?.throwIfAborted();
    // One transaction each: a notice is in the outbox exactly when it is noted.
    if (await deps.transactions.run((tx) => tellOne(deps, tx, vtxo, names))) told++;
  }
  return told;
}

async function tellOne(deps: TellExpiringDeps, tx: Tx, vtxo: Vtxo, names: AssetNames): Promise<boolean> {
  const { vtxoId, ownerPubkey, expiresAt } = vtxo;
  const now = deps.clock.now();
  if (!(await deps.expiries.markTold(tx, vtxoId, now))) return false;
  await deps.webhooks.announce(tx, vtxoExpiringEvent(vtxo, names));
  if (deps.identity === undefined) return true;
  // Several assets have no one amount: the wallet knows what it has.
  const [only, ...more] = namedAmounts(names, vtxo);
  await publishNotification(deps, tx, {
    content: {
      notification_id: `${vtxoId}:${NOTIFICATION_SEQUENCE.vtxo_expiring}`,
      type: "vtxo_expiring",
      timestamp: now.toISOString(),
      gateway_pubkey: deps.identity.pubkey,
      message: `expires at ${expiresAt?.toISOString() ?? "an unknown time"}; renew it before`,
      vtxo_id: vtxoId,
      ...(only !== undefined && more.length === 0 && { amount: Number(only.amount), asset_id: only.assetId }),
    },
    userPubkey: ownerPubkey,
    refEventId: undefined,
    subjectId: vtxoId,
  });
  return true;
}
