import { nameOf, type AssetNames } from "../asset/asset-names";
import { toJsonAmount } from "../json-amount";
import type { AccountState } from "../nostr/account-content";
import { GBTC, type Vtxo, type VtxoScriptRow } from "../vtxo/vtxo";

type VtxoView = AccountState["user_vtxos"][number];

/**
 * A VTXO as wallets are shown it: one entry, or one for each asset on it by our name, all with the sats it stands on. With `assetId`
 * (arkd's) only the entry of that asset.
 */
export function describeVtxo(
  vtxo: Vtxo,
  scripts: readonly VtxoScriptRow[],
  now: Date,
  names: AssetNames,
  assetId?: string,
): readonly VtxoView[] {
  const shared = {
    vtxo_id: vtxo.vtxoId,
    amount_sats: Number(vtxo.amountSats),
    status: statusOf(vtxo, now),
    locked: vtxo.lockedBy !== undefined,
    expires_at: vtxo.expiresAt?.toISOString() ?? null,
    script: scripts.find((each) => each.id === vtxo.scriptId)?.script ?? "",
  };
  if (vtxo.assets.length === 0) return [{ ...shared, asset_id: GBTC, amount: shared.amount_sats }];
  return vtxo.assets
    .filter((each) => assetId === undefined || each.assetId === assetId)
    .map((each) => ({ ...shared, asset_id: nameOf(names, each.assetId), amount: toJsonAmount(each.amount) }));
}

/** A VTXO whose time is over can only be recovered in a batch, also before arkd has swept it. */
function statusOf({ status, expiresAt }: Vtxo, now: Date): string {
  const isLive = status === "assigned" || status === "available";
  return isLive && expiresAt !== null && expiresAt <= now ? "expired" : status;
}
