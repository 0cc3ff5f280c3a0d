import type { AssetUnits, RegisteredAsset } from "./registered-asset";

/** What a JSON integer holds: the cap of an asset that states none. */
export const SUPPLY_UNITS_MAX = 2n ** 53n - 1n;

/** The units that an asset can ever have. */
export function capUnitsOf({ totalSupply }: Pick<RegisteredAsset, "totalSupply">): bigint {
  return totalSupply === 0n ? SUPPLY_UNITS_MAX : totalSupply;
}

/** A limit of Lightning payments that contradicts another one or the cap; undefined when they fit together. */
export function findUnitsFault(
  { minLift, maxLift, minLand, maxLand, carrier }: AssetUnits,
  capUnits: bigint,
): { readonly field: string; readonly why: string } | undefined {
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
  const above = Object.entries(limits).find(([, units]) => units !== undefined && units > capUnits);
  return above && { field: above[0], why: "is above the asset's total_supply" };
}
