import type { RegisteredAsset } from "./registered-asset";

/** What a JSON integer holds: the cap of an asset that states none. */
export const SUPPLY_UNITS_MAX = 2n ** 53n - 1n;

/** The units that an asset can ever have. */
export function capUnitsOf({ totalSupply }: Pick<RegisteredAsset, "totalSupply">): bigint {
  return totalSupply === 0n ? SUPPLY_UNITS_MAX : totalSupply;
}

/**
 * A limit of Lightning payments that contradicts another one, the cap or what stands behind the asset; undefined when they fit
 * together.
 */
export function findUnitsFault(
  asset: Pick<RegisteredAsset, "units" | "totalSupply" | "taprootGroupKey">,
): { readonly field: string; readonly why: string } | undefined {
  const { minLift, maxLift, minLand, maxLand, carrier } = asset.units;
  if (minLift !== undefined && maxLift !== undefined && minLift > maxLift) {
    return { field: "min_lift_units", why: "is above max_lift_units" };
  }
  if (minLand !== undefined && maxLand !== undefined && minLand > maxLand) {
    return { field: "min_land_units", why: "is above max_land_units" };
  }
  const limits = {
    carrier_units: carrier,
    min_lift_units: minLift,
    max_lift_units: maxLift,
    min_land_units: minLand,
    max_land_units: maxLand,
  };
  const given = Object.entries(limits).flatMap(([field, units]) => (units === undefined ? [] : [{ field, units }]));
  const [first] = given;
  if (first !== undefined && asset.taprootGroupKey !== undefined) {
    // tapd makes and pays invoices over one tranche: the units of a group are several assets to it.
    return { field: first.field, why: "needs taproot_asset_id: a group key has no Lightning side" };
  }
  const above = given.find(({ units }) => units > capUnitsOf(asset));
  return above && { field: above.field, why: "is above the asset's total_supply" };
}
