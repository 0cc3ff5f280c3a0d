import { AppError } from "../errors";
import type { AssetSupplies, TwinReading } from "../ports/asset-supplies";
import type { TaprootAssets } from "../ports/taproot-assets";
import type { RegisteredAsset } from "./registered-asset";

export type TwinReserveSource = Pick<TaprootAssets, "getInfo" | "listAssets" | "getAssetBalances">;

/**
 * tapd's units behind one twin, and where the books stood before: whoever judges by them compares `mark` with the exposure's. Throws as
 * readTapdUnits does.
 */
export async function readTwin(
  { supplies, tapd }: { readonly supplies: Pick<AssetSupplies, "readExposure">; readonly tapd: TwinReserveSource },
  twin: RegisteredAsset,
): Promise<TwinReading> {
  const { tapdMark: mark } = await supplies.readExposure(undefined, twin.assetId);
  const [units = 0n] = await readTapdUnits(tapd, [twin]);
  return { units, mark };
}

/**
 * Units that tapd holds behind each of these twins, in their order: in its wallet (unconfirmed change and leased ones included) and in
 * channels, over all tranches of a group. Throws `daemon_unavailable` while tapd is catching up: it does not know yet which of its sends
 * are confirmed.
 */
export async function readTapdUnits(
  tapd: TwinReserveSource,
  twins: readonly RegisteredAsset[],
): Promise<readonly bigint[]> {
  if (twins.length === 0) return [];
  const { syncedToChain } = await tapd.getInfo();
  if (!syncedToChain) {
    throw new AppError("daemon_unavailable", { details: { service: "tapd", reason: "not synced to chain" } });
  }
  // Only a list of all assets says which tranches a group has.
  const known = twins.some(({ taprootGroupKey }) => taprootGroupKey !== undefined) ? await tapd.listAssets() : [];
  const balances = await tapd.getAssetBalances();
  return twins.map(({ taprootAssetId, taprootGroupKey }) => {
    const ids = new Set(
      taprootAssetId === undefined
        ? known.flatMap(({ assetId, groupKey }) => (groupKey === taprootGroupKey ? [assetId] : []))
        : [taprootAssetId],
    );
    return balances
      .filter((balance) => ids.has(balance.assetId))
      .reduce((sum, { balanceUnits, channelUnits }) => sum + balanceUnits + channelUnits, 0n);
  });
}
