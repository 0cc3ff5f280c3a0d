import { AppError } from "../errors";
import type { TwinExposure } from "../ports/asset-supplies";
import { GBTC } from "../vtxo/vtxo";
import { capUnitsOf } from "./asset-cap";
import { isActiveAsset } from "./asset-machine";
import type { RegisteredAsset } from "./registered-asset";
import { twinReserve } from "./twin-reserve";

export interface WantedMint {
  readonly units: bigint;
  /** What must be left of the supply afterwards, and of a twin's reserve too. */
  readonly reserveUnits: bigint;
}

/** Throws `asset_not_mintable` for sats and `asset_inactive`. */
export function assertMintable(asset: RegisteredAsset): void {
  const { assetId } = asset;
  if (assetId === GBTC) throw new AppError("asset_not_mintable", { details: { asset_id: assetId } });
  if (!isActiveAsset(asset)) throw new AppError("asset_inactive", { details: { asset_id: assetId } });
}

/** Units that are issued, or will be, and neither with users nor on their way to them. Throws `supply_exceeded`. */
export function assertSupply(asset: RegisteredAsset, exposure: TwinExposure, wanted: WantedMint): void {
  const supplyUnits = asset.arkAssetId === undefined ? capUnitsOf(asset) : asset.issued;
  const left = supplyUnits - exposure.circulatingUnits - exposure.payoutUnits - wanted.reserveUnits;
  if (wanted.units > left) throw new AppError("supply_exceeded", { details: detailsOf(asset, left) });
}

/** A twin circulates only as far as tapd's units stand behind it. Throws `reserve_insufficient`. */
export function assertReserve(
  asset: RegisteredAsset,
  exposure: TwinExposure,
  tapdUnits: bigint,
  wanted: WantedMint,
): void {
  const { requiredUnits, currentUnits } = twinReserve(exposure, tapdUnits);
  const left = currentUnits - requiredUnits - wanted.reserveUnits;
  if (wanted.units > left) throw new AppError("reserve_insufficient", { details: detailsOf(asset, left) });
}

function detailsOf({ assetId }: RegisteredAsset, left: bigint) {
  return { asset_id: assetId, maximum: Number(left > 0n ? left : 0n) };
}
