import { AppError } from "../errors";
import type { TaprootAssets } from "../ports/taproot-assets";
import type { RegisteredAsset } from "./registered-asset";

export type TwinReserveSource = Pick<TaprootAssets, "getInfo" | "listAssets" | "getAssetBalances">;

/**
 * Units that tapd holds behind a twin: in its wallet (unconfirmed change and leased ones included) and in channels, over all tranches of
 * a group. Throws `daemon_unavailable` while tapd is catching up: it does not know yet which of its sends are confirmed.
 */
export async function readTapdUnits(tapd: TwinReserveSource, asset: RegisteredAsset): Promise<bigint> {
  const { syncedToChain } = await tapd.getInfo();
  if (!syncedToChain) {
    throw new AppError("daemon_unavailable", { details: { service: "tapd", reason: "not synced to chain" } });
  }
  const ids = await listIds(tapd, asset);
  const balances = await tapd.getAssetBalances();
  return balances
    .filter((balance) => ids.has(balance.assetId))
    .reduce((sum, { balanceUnits, channelUnits }) => sum + balanceUnits + channelUnits, 0n);
}

async function listIds(
  tapd: TwinReserveSource,
  { taprootAssetId, taprootGroupKey }: RegisteredAsset,
): Promise<ReadonlySet<string>> {
  if (taprootAssetId !== undefined) return new Set([taprootAssetId]);
  const assets = await tapd.listAssets();
  return new Set(assets.flatMap(({ assetId, groupKey }) => (groupKey === taprootGroupKey ? [assetId] : [])));
}
