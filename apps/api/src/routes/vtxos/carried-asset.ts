import { findArkAssetId, namedAmounts, type AssetNames } from "@arkrelay/core/asset/asset-names";
import { toJsonAmount } from "@arkrelay/core/json-amount";
import type { Vtxo } from "@arkrelay/core/vtxo/vtxo";

import type { ApiDeps } from "../../api-deps";

/** What a VTXO carries, by our name: gBTC is the sats themselves; several assets have no one name and amount. */
export function carriedAsset(vtxo: Vtxo, names: AssetNames) {
  const [first, ...more] = namedAmounts(names, vtxo);
  if (first === undefined || more.length > 0) return { asset_id: null, asset_amount: null };
  return { asset_id: first.assetId, asset_amount: toJsonAmount(first.amount) };
}

/** Callers name assets as we do, VTXOs as arkd does. */
export async function assetFilter(deps: ApiDeps, assetId: string | undefined): Promise<{ readonly assetId?: string }> {
  if (assetId === undefined) return {};
  return { assetId: await findArkAssetId(deps.session.assets, undefined, assetId) };
}
