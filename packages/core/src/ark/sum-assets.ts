import { assert } from "../errors";
import type { AssetAmount } from "./asset-types";

/** Units by asset over all coins, in order of arkd's ids: sums and txids must not depend on the order of the coins. */
export function sumAssets(coins: readonly { readonly assets?: readonly AssetAmount[] }[]): readonly AssetAmount[] {
  const sums = new Map<string, bigint>();
  for (const { assetId, amount } of coins.flatMap(({ assets = [] }) => assets)) {
    sums.set(assetId, (sums.get(assetId) ?? 0n) + amount);
  }
  return toAmounts(sums);
}

/** What is left of `from`; assets that are all gone are left out. Taking what is not there is a bug of the caller. */
export function subtractAssets(from: readonly AssetAmount[], taken: readonly AssetAmount[]): readonly AssetAmount[] {
  const left = new Map(from.map(({ assetId, amount }) => [assetId, amount]));
  for (const { assetId, amount } of taken) {
    const rest = (left.get(assetId) ?? 0n) - amount;
    assert(rest >= 0n, `no more units of ${assetId} are taken than there are`);
    left.set(assetId, rest);
  }
  return toAmounts(left);
}

function toAmounts(sums: ReadonlyMap<string, bigint>): readonly AssetAmount[] {
  return [...sums]
    .filter(([, amount]) => amount > 0n)
    .map(([assetId, amount]) => ({ assetId, amount }))
    .toSorted((a, b) => (a.assetId < b.assetId ? -1 : 1));
}
