import { AppError } from "../errors";
import type { TwinExposure, TwinReading } from "../ports/asset-supplies";
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

/**
 * A twin circulates only as far as tapd's units stand behind it. Units in HTLCs of lifts are behind nothing but their own deliveries:
 * they may be given back, or be tapd's already. Throws `reserve_insufficient`, and `not_ready` while the reading does not tell.
 */
export function assertReserve(
  asset: RegisteredAsset,
  exposure: TwinExposure,
  reading: TwinReading,
  wanted: WantedMint,
): void {
  switch (judgeReserve(exposure, reading, wanted)) {
    case "covered":
      return;
    case "moving":
      throw new AppError("not_ready", {
        message: "Units of the asset are being paid or settled over Lightning at this moment.",
        details: { asset_id: asset.assetId },
      });
    case "short":
      throw new AppError("reserve_insufficient", { details: detailsOf(asset, unitsLeft(exposure, reading, wanted)) });
  }
}

/** "moving" = look again: the reading is not of this moment, or it hangs on what is under way whether the units suffice. */
export function judgeReserve(
  exposure: TwinExposure,
  reading: TwinReading,
  wanted: WantedMint,
): "covered" | "moving" | "short" {
  if (reading.mark !== exposure.tapdMark) return "moving";
  const left = unitsLeft(exposure, reading, wanted);
  if (wanted.units <= left) return "covered";
  return wanted.units <= left + exposure.movingUnits ? "moving" : "short";
}

/** At the least: what may have left tapd counts as gone, what may have come does not count. */
function unitsLeft(exposure: TwinExposure, { units }: TwinReading, { reserveUnits }: WantedMint): bigint {
  return units + exposure.deliveringUnits - twinReserve(exposure, units).requiredUnits - reserveUnits;
}

function detailsOf({ assetId }: RegisteredAsset, left: bigint) {
  return { asset_id: assetId, maximum: Number(left > 0n ? left : 0n) };
}
