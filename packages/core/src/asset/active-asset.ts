import { AppError } from "../errors";
import type { AssetRegistry } from "../ports/asset-registry";
import { GBTC } from "../vtxo/vtxo";

/** An asset that new sessions may move. */
export interface ActiveAsset {
  readonly assetId: string;
  /** arkd's id, 68 hex; undefined for gBTC. */
  readonly arkAssetId: string | undefined;
}

/**
 * Looks an asset up by our name. Errors: asset_unknown; asset_inactive when it is switched off, frozen, or not issued yet. What
 * arkd knows and the registry does not is unknown here: nobody of ours stands for it.
 */
export async function getActiveAsset(assets: AssetRegistry, assetId: string): Promise<ActiveAsset> {
  if (assetId === GBTC) return { assetId, arkAssetId: undefined };
  const asset = await assets.find(undefined, assetId);
  const details = { asset_id: assetId };
  if (asset === undefined) throw new AppError("asset_unknown", { details });
  const { status, arkAssetId } = asset;
  if (status !== "active" || arkAssetId === undefined) throw new AppError("asset_inactive", { details });
  return { assetId, arkAssetId };
}
