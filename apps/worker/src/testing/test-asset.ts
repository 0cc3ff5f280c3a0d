import type { AssetAmount } from "@arkrelay/core/ark/asset-types";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

import type { LiftWorld } from "./lift-world";

/** A twin with a Lightning side, as it stands in the registry. */
export const GOLD = {
  assetId: "gold",
  arkAssetId: `${"aa".repeat(32)}0000`,
  taprootAssetId: "ab".repeat(32),
  /** Price of the carrier of a lift. */
  carrierUnits: 3n,
  minUnits: 10n,
  maxUnits: 1_000n,
} as const;

export function gold(amount: bigint): AssetAmount {
  return { assetId: GOLD.arkAssetId, amount };
}

export async function registerGold({ database }: TestDatabase): Promise<void> {
  const { assetId, arkAssetId, taprootAssetId, carrierUnits, minUnits, maxUnits } = GOLD;
  await database.write(
    `INSERT INTO assets (asset_id, name, ticker, asset_type, decimal_places, backing, ark_asset_id, taproot_asset_id, status,
       carrier_units, min_lift_units, max_lift_units, min_land_units, max_land_units, created_at)
     VALUES (?, 'Gold', 'GLD', 'normal', 0, 'taproot', ?, ?, 'active', ?, ?, ?, ?, ?, NOW(3))`,
    [assetId, arkAssetId, taprootAssetId, carrierUnits, minUnits, maxUnits, minUnits, maxUnits],
  );
}

/** Units in the gateway's stock, a carrier of 1 000 sats under each amount, known to its mirror. */
export async function stockGold(world: LiftWorld, ...amounts: readonly bigint[]): Promise<void> {
  const ownerPubkey = world.deps.wallet.keys.stock.pubkey;
  for (const amount of amounts) world.arkd.fund(ownerPubkey, 1_000n, [gold(amount)]);
  await syncVtxos(world.deps, { ownerPubkey });
}

/** Units on the script of a key, at arkd. */
export function goldOf(world: LiftWorld, pubkey: string): bigint {
  return [...world.arkd.vtxos.values()]
    .filter((vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, pubkey))
    .flatMap((vtxo) => vtxo.assets.filter(({ assetId }) => assetId === GOLD.arkAssetId))
    .reduce((sum, { amount }) => sum + amount, 0n);
}
