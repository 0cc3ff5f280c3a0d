import { capUnitsOf } from "@arkrelay/core/asset/asset-cap";
import { toRegistered, toUnitLimits } from "@arkrelay/core/asset/asset-view";
import type { AssetUnits } from "@arkrelay/core/asset/registered-asset";
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

function toUnits(value: number | undefined): bigint | undefined {
  return value === undefined ? undefined : BigInt(value);
}
