import { AppError } from "../errors";
import { invalidField } from "../http/request-error";
import type { AssetRegistry, NewAsset } from "../ports/asset-registry";
import type { Tx } from "../ports/transactions";
import { findUnitsFault } from "./asset-cap";
import type { RegisteredAsset } from "./registered-asset";

/**
 * Names an asset; its units appear with the first mint. Throws `asset_exists`, `conflict` when another asset stands for the same
 * Taproot Asset (its units would back both), and `invalid_request` naming the field that contradicts another one.
 */
export async function registerAsset(
  deps: { readonly assets: AssetRegistry },
  tx: Tx,
  asset: NewAsset,
): Promise<RegisteredAsset> {
  assertConsistent(asset);
  const inserted = await deps.assets.insert(tx, asset);
  if (inserted !== undefined) return inserted;
  throw new AppError("asset_exists", { details: { asset_id: asset.assetId } });
}

/** Throws `invalid_request` naming the field that contradicts another one. */
export function assertConsistent(asset: NewAsset): void {
  const { backing, taprootAssetId, taprootGroupKey } = asset;
  const names = [taprootAssetId, taprootGroupKey].filter((each) => each !== undefined);
  if (backing === "taproot" && names.length !== 1) {
    throw invalidField("taproot_asset_id", "taproot backing needs taproot_asset_id or taproot_group_key, and not both");
  }
  if (backing === "ark" && names.length > 0) {
    throw invalidField(
      taprootAssetId === undefined ? "taproot_group_key" : "taproot_asset_id",
      "is for taproot backing only",
    );
  }
  const fault = findUnitsFault(asset);
  if (fault !== undefined) throw invalidField(fault.field, fault.why);
}
