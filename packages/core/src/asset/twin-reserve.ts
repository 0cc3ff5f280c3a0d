import type { TwinExposure } from "../ports/asset-supplies";

export interface TwinReserve {
  /** Units that must be behind what users hold and what the gateway owes them. */
  readonly requiredUnits: bigint;
  readonly currentUnits: bigint;
}

/**
 * The reserve rule of a twin: units outside the gateway (and about to be) + units of open lands and renewals must not exceed tapd's units + units in
 * HTLCs of held lifts. A delivery that is planned stands against its own held HTLC. Units in HTLCs of payments under way are among
 * those of tapd's channels (ports/taproot-assets.ts) until the payment is through.
 */
export function twinReserve(exposure: TwinExposure, tapdUnits: bigint): TwinReserve {
  const { circulatingUnits, payoutUnits, openLandUnits, openRenewalUnits, heldLiftUnits } = exposure;
  return {
    requiredUnits: circulatingUnits + payoutUnits + openLandUnits + openRenewalUnits,
    currentUnits: tapdUnits + heldLiftUnits,
  };
}
