import type { AssetAmount } from "../ark/asset-types";
import type { AssetRegistry } from "../ports/asset-registry";
import type { Tx } from "../ports/transactions";
import { GBTC } from "../vtxo/vtxo";

/** Our names of arkd's assets, by arkd's id. */
export type AssetNames = ReadonlyMap<string, string>;

type Registry = Pick<AssetRegistry, "find" | "listByArkIds">;

/** Names of all assets on these coins or outputs; what the registry does not know is left out and keeps arkd's id as its name. */
export function readNamesOf(
  assets: Registry,
  tx: Tx | undefined,
  coins: readonly { readonly assets?: readonly AssetAmount[] }[],
): Promise<AssetNames> {
  return readAssetNames(
    assets,
    tx,
    coins.flatMap((coin) => (coin.assets ?? []).map(({ assetId }) => assetId)),
  );
}

export async function readAssetNames(
  assets: Registry,
  tx: Tx | undefined,
  arkAssetIds: readonly string[],
): Promise<AssetNames> {
  const ids = [...new Set(arkAssetIds)].filter((id) => id !== GBTC);
  if (ids.length === 0) return new Map();
  const known = await assets.listByArkIds(tx, ids);
  return new Map(known.flatMap(({ arkAssetId, assetId }) => (arkAssetId === undefined ? [] : [[arkAssetId, assetId]])));
}

/** gBTC is called the same everywhere. */
export function nameOf(names: AssetNames, arkAssetId: string): string {
  return names.get(arkAssetId) ?? arkAssetId;
}

/** arkd's id of what callers name; a name that the registry does not know, or that was never issued, stands for itself. */
export async function findArkAssetId(assets: Registry, tx: Tx | undefined, assetId: string): Promise<string> {
  if (assetId === GBTC) return GBTC;
  return (await assets.find(tx, assetId))?.arkAssetId ?? assetId;
}

/**
 * What an output or VTXO is worth as people are shown it: one entry for each asset on it, or the one of its sats when they carry
 * nothing.
 */
export function namedAmounts(
  names: AssetNames,
  coin: { readonly amountSats: bigint; readonly assets?: readonly AssetAmount[] },
): readonly { readonly assetId: string; readonly amount: bigint }[] {
  const { amountSats, assets = [] } = coin;
  if (assets.length === 0) return [{ assetId: GBTC, amount: amountSats }];
  return assets.map(({ assetId, amount }) => ({ assetId: nameOf(names, assetId), amount }));
}
