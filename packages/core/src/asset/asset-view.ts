import { capUnitsOf } from "./asset-cap";
import { isActiveAsset } from "./asset-machine";
import type { RegisteredAsset } from "./registered-asset";

/** A row of the registry without sums: what an operator gets who has just written it, and what webhooks say. */
export function toWrittenAsset(row: RegisteredAsset) {
  return {
    ...toRegistered(row),
    backing: row.backing,
    ...toUnitLimits(row),
    ...(row.taprootAssetId !== undefined && { taproot_asset_id: row.taprootAssetId }),
    ...(row.taprootGroupKey !== undefined && { taproot_group_key: row.taprootGroupKey }),
    asset_metadata: { ...row.metadata },
  };
}

export function toRegistered(row: RegisteredAsset) {
  return {
    asset_id: row.assetId,
    name: row.name,
    ticker: row.ticker,
    asset_type: row.assetType,
    decimal_places: row.decimalPlaces,
    total_supply: Number(capUnitsOf(row)),
    status: row.status,
    is_active: isActiveAsset(row),
    created_at: row.createdAt.toISOString(),
  };
}

export function toUnitLimits({ units }: RegisteredAsset) {
  const { carrier, minLift, maxLift, minLand, maxLand } = units;
  return {
    ...(carrier !== undefined && { carrier_units: Number(carrier) }),
    ...(minLift !== undefined && { min_lift_units: Number(minLift) }),
    ...(maxLift !== undefined && { max_lift_units: Number(maxLift) }),
    ...(minLand !== undefined && { min_land_units: Number(minLand) }),
    ...(maxLand !== undefined && { max_land_units: Number(maxLand) }),
  };
}
