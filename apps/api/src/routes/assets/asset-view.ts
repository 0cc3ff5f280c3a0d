import { capUnitsOf } from "@arkrelay/core/asset/asset-cap";
import { isActiveAsset } from "@arkrelay/core/asset/asset-machine";
import type { AssetUnits, RegisteredAsset } from "@arkrelay/core/asset/registered-asset";
import type { Asset } from "@arkrelay/db/stores/asset-store";

export function toAssetItem(row: Asset) {
  return { ...toRegistered(row), total_circulating: Number(row.circulating) };
}

export function toAssetReply(row: Asset) {
  return {
    ...toAssetItem(row),
    total_reserved: Number(row.reserved),
    available_supply: Math.max(0, Number(capUnitsOf(row) - row.circulating)),
    ...toUnitLimits(row),
    ...(row.arkAssetId !== undefined && { ark_asset_id: row.arkAssetId }),
    ...(row.taprootAssetId !== undefined && { taproot_asset_id: row.taprootAssetId }),
    metadata: { ...row.metadata },
  };
}

/** What an operator gets who has just written it: no sums. */
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

function toRegistered(row: RegisteredAsset) {
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

interface UnitLimitFields {
  readonly carrier_units?: number | undefined;
  readonly min_lift_units?: number | undefined;
  readonly max_lift_units?: number | undefined;
  readonly min_land_units?: number | undefined;
  readonly max_land_units?: number | undefined;
}

export function fromUnitLimits(body: UnitLimitFields): AssetUnits {
  return {
    carrier: toUnits(body.carrier_units),
    minLift: toUnits(body.min_lift_units),
    maxLift: toUnits(body.max_lift_units),
    minLand: toUnits(body.min_land_units),
    maxLand: toUnits(body.max_land_units),
  };
}

function toUnitLimits({ units }: RegisteredAsset) {
  const { carrier, minLift, maxLift, minLand, maxLand } = units;
  return {
    ...(carrier !== undefined && { carrier_units: Number(carrier) }),
    ...(minLift !== undefined && { min_lift_units: Number(minLift) }),
    ...(maxLift !== undefined && { max_lift_units: Number(maxLift) }),
    ...(minLand !== undefined && { min_land_units: Number(minLand) }),
    ...(maxLand !== undefined && { max_land_units: Number(maxLand) }),
  };
}

function toUnits(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}
