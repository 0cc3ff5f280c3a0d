import { AppError, assert } from "../errors";
import type { AssetRegistry } from "../ports/asset-registry";
import type { Tx } from "../ports/transactions";
import type { RegisteredAsset } from "./registered-asset";

/** One asset under all its names: ours, arkd's and tapd's. They never change. */
export interface Twin {
  readonly assetId: string;
  readonly arkAssetId: string;
  readonly taprootAssetId: string;
}

/** What the gateway moves of an asset between Ark and Lightning; amounts in units. */
export interface LightningSide extends Twin {
  /** Price of the sats that come under the units of a lift. */
  readonly carrierUnits: bigint;
  readonly minLiftUnits: bigint;
  readonly maxLiftUnits: bigint;
  readonly minLandUnits: bigint;
  readonly maxLandUnits: bigint;
}

/** undefined = units of it do not travel over Lightning: it is not issued, tapd has no twin of it, or a price or cap is missing. */
export function lightningSideOf(asset: RegisteredAsset): LightningSide | undefined {
  const { assetId, arkAssetId, taprootAssetId, units } = asset;
  const { carrier: carrierUnits, minLift, maxLift, minLand, maxLand } = units;
  if (arkAssetId === undefined || taprootAssetId === undefined || carrierUnits === undefined) return undefined;
  if (minLift === undefined || maxLift === undefined || minLand === undefined || maxLand === undefined)
    return undefined;
  const lift = { minLiftUnits: minLift, maxLiftUnits: maxLift };
  return { assetId, arkAssetId, taprootAssetId, carrierUnits, ...lift, minLandUnits: minLand, maxLandUnits: maxLand };
}

/**
 * For something new; what is held or received already goes on whatever the registry says. Errors: asset_unknown, asset_inactive
 * (frozen ones too), unsupported_type.
 */
export async function requireLightningSide(
  assets: Pick<AssetRegistry, "find">,
  tx: Tx | undefined,
  assetId: string,
  type: "lightning:lift" | "lightning:land",
): Promise<LightningSide> {
  const asset = await assets.find(tx, assetId);
  if (asset === undefined) throw new AppError("asset_unknown", { details: { asset_id: assetId } });
  if (asset.status !== "active") throw new AppError("asset_inactive", { details: { asset_id: assetId } });
  const side = lightningSideOf(asset);
  if (side === undefined) throw new AppError("unsupported_type", { details: { type, asset_id: assetId } });
  return side;
}

/** For what is under way already, whatever the registry allows by now. */
export async function getTwin(assets: Pick<AssetRegistry, "find">, assetId: string): Promise<Twin> {
  const asset = await assets.find(undefined, assetId);
  const { arkAssetId, taprootAssetId } = asset ?? {};
  assert(
    arkAssetId !== undefined && taprootAssetId !== undefined,
    `${assetId} was moved over Lightning and has its twin`,
  );
  return { assetId, arkAssetId, taprootAssetId };
}
