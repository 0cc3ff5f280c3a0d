import type { Asset } from "@arkrelay/db/stores/asset-store";

/** The cap of an asset that states none: what a JSON integer can hold. */
const SUPPLY_MAX = Number.MAX_SAFE_INTEGER;

export function toAssetItem(row: Asset) {
  return {
    asset_id: row.assetId,
    name: row.name,
    ticker: row.ticker,
    asset_type: row.assetType,
    decimal_places: row.decimalPlaces,
    total_supply: supplyOf(row),
    status: row.status,
    is_active: row.status === "active",
    total_circulating: Number(row.circulating),
    created_at: row.createdAt.toISOString(),
  };
}

export function toAssetReply(row: Asset) {
  const { carrier, minLift, maxLift, minLand, maxLand } = row.units;
  return {
    ...toAssetItem(row),
    total_reserved: Number(row.reserved),
    available_supply: Math.max(0, supplyOf(row) - Number(row.circulating)),
    ...(carrier !== undefined && { carrier_units: Number(carrier) }),
    ...(minLift !== undefined && { min_lift_units: Number(minLift) }),
    ...(maxLift !== undefined && { max_lift_units: Number(maxLift) }),
    ...(minLand !== undefined && { min_land_units: Number(minLand) }),
    ...(maxLand !== undefined && { max_land_units: Number(maxLand) }),
    ...(row.arkAssetId !== undefined && { ark_asset_id: row.arkAssetId }),
    ...(row.taprootAssetId !== undefined && { taproot_asset_id: row.taprootAssetId }),
    metadata: { ...row.metadata },
  };
}

function supplyOf(row: Asset): number {
  return row.totalSupply === 0n ? SUPPLY_MAX : Number(row.totalSupply);
}
