import { invalidField } from "../http/request-error";
import type { NewAsset } from "../ports/asset-registry";
import type { TaprootAsset } from "../ports/taproot-assets";

/**
 * Holds what an operator says of a twin against what tapd knows. Throws `invalid_request` naming the field: an asset that tapd does not
 * know could never be backed, and one of another type is another asset.
 */
export function checkTaprootAsset(
  { assetType, taprootAssetId, taprootGroupKey }: Pick<NewAsset, "assetType" | "taprootAssetId" | "taprootGroupKey">,
  known: readonly TaprootAsset[],
): void {
  const named = known.filter(({ assetId, groupKey }) =>
    taprootAssetId === undefined ? groupKey !== undefined && groupKey === taprootGroupKey : assetId === taprootAssetId,
  );
  const [first] = named;
  if (first === undefined) {
    throw invalidField(
      taprootAssetId === undefined ? "taproot_group_key" : "taproot_asset_id",
      "is not an asset of this gateway's tapd",
    );
  }
  if (first.type !== assetType) throw invalidField("asset_type", `is ${first.type} at tapd`);
}
