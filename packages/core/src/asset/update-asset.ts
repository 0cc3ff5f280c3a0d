import { AppError } from "../errors";
import { invalidField } from "../http/request-error";
import type { AssetRegistry } from "../ports/asset-registry";
import type { Tx } from "../ports/transactions";
import { GBTC } from "../vtxo/vtxo";
import { findUnitsFault } from "./asset-cap";
import { nextAssetStatus } from "./asset-machine";
import type { AssetUnits, RegisteredAsset } from "./registered-asset";

/** What an operator may change; an absent field stays. */
export interface AssetUpdate {
  readonly name: string | undefined;
  readonly metadata: Readonly<Record<string, unknown>> | undefined;
  readonly units: AssetUnits;
  readonly status: "active" | "inactive" | undefined;
}

/** Under the asset's row lock. Throws `not_found`, `wrong_state`, and `invalid_request` naming the limit that contradicts another one. */
export async function updateAsset(
  deps: { readonly assets: AssetRegistry },
  tx: Tx,
  assetId: string,
  { name, metadata, units: changed, status }: AssetUpdate,
): Promise<RegisteredAsset> {
  const asset = await deps.assets.lock(tx, assetId);
  if (asset === undefined) throw new AppError("not_found");
  if (assetId === GBTC) assertOnlyDescribed(asset, changed, status);
  const units = merge(asset.units, changed);
  const fault = findUnitsFault({ ...asset, units });
  if (fault !== undefined) throw invalidField(fault.field, fault.why);
  const next = status && nextAssetStatus(asset.status, status === "active" ? "activate" : "deactivate");
  return deps.assets.update(tx, asset, {
    units,
    ...(name !== undefined && { name }),
    ...(metadata !== undefined && { metadata }),
    ...(next !== undefined && { status: next }),
  });
}

/** Sats cannot be switched off, and their limits are configuration. */
function assertOnlyDescribed(asset: RegisteredAsset, changed: AssetUnits, status: AssetUpdate["status"]): void {
  const limited = Object.values(changed).some((units: bigint | undefined) => units !== undefined);
  if (limited) throw new AppError("invalid_request", { message: "The limits of gBTC stand in the configuration." });
  if (status !== undefined && status !== asset.status) {
    throw new AppError("wrong_state", { details: { status: asset.status, allowed: [] } });
  }
}

function merge(stored: AssetUnits, changed: AssetUnits): AssetUnits {
  return {
    carrier: changed.carrier ?? stored.carrier,
    minLift: changed.minLift ?? stored.minLift,
    maxLift: changed.maxLift ?? stored.maxLift,
    minLand: changed.minLand ?? stored.minLand,
    maxLand: changed.maxLand ?? stored.maxLand,
  };
}
