import { namedAmounts, type AssetNames } from "../asset/asset-names";
import type { Vtxo } from "../vtxo/vtxo";
import { ownerOfKey, type WebhookEvent } from "./webhook-event";

/** A VTXO of a user's expires soon: its owner hears of it. */
export function vtxoExpiringEvent(vtxo: Vtxo, names: AssetNames): WebhookEvent {
  const { vtxoId, ownerPubkey, amountSats, expiresAt } = vtxo;
  return {
    type: "vtxo.expiring",
    objectKey: `vtxo:${vtxoId}`,
    audience: { kind: "principals", principals: [ownerOfKey(ownerPubkey)] },
    dataFor: () => ({
      vtxo_id: vtxoId,
      user_pubkey: ownerPubkey,
      amount_sats: Number(amountSats),
      assets: namedAmounts(names, vtxo).map(({ assetId, amount }) => ({ asset_id: assetId, amount: Number(amount) })),
      expires_at: expiresAt?.toISOString() ?? null,
    }),
  };
}
