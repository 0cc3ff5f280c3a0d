import { MSAT_PER_SAT } from "../ledger/postings";
import type { LightningConfig } from "./lightning-config";

/** What a user pays for a lift or land, in base units of the asset; `totalUnits` is what is paid in all. */
export interface LightningFee {
  readonly amountUnits: bigint;
  /** The gateway's fee. */
  readonly baseFeeUnits: bigint;
  /** The user never pays for routing: it is the gateway's cost. */
  readonly routingFeeUnits: 0n;
  /** What an asset's carrier costs; 0 for gBTC. */
  readonly carrierUnits: bigint;
  readonly totalFeeUnits: bigint;
  readonly totalUnits: bigint;
}

const BPS = 10_000n;

/** The one function behind estimates, intents and charges. */
export function lightningFee(
  config: Pick<LightningConfig, "landFeeBps">,
  direction: "lift" | "land",
  amountUnits: bigint,
  carrierUnits = 0n,
): LightningFee {
  const baseFeeUnits = direction === "land" ? landFee(config, amountUnits) : 0n;
  const totalFeeUnits = baseFeeUnits + carrierUnits;
  return {
    amountUnits,
    baseFeeUnits,
    routingFeeUnits: 0n,
    carrierUnits,
    totalFeeUnits,
    totalUnits: amountUnits + totalFeeUnits,
  };
}

/** Rounded up, at least 1. */
function landFee({ landFeeBps }: Pick<LightningConfig, "landFeeBps">, amountUnits: bigint): bigint {
  const feeUnits = (amountUnits * landFeeBps + BPS - 1n) / BPS;
  return feeUnits > 1n ? feeUnits : 1n;
}

/**
 * How much more than the fee collected the routing of a payment may cost: what is asked of the daily subsidy. The limit is the largest
 * of fee, floor and share of the amount.
 */
export function wantedSubsidySats(
  config: Pick<LightningConfig, "landRoutingFeeFloorSats" | "landRoutingFeeMaxBps">,
  land: { readonly amountSats: bigint; readonly feeSats: bigint },
): bigint {
  const share = (land.amountSats * config.landRoutingFeeMaxBps) / BPS;
  const limitSats = [land.feeSats, config.landRoutingFeeFloorSats, share].reduce((a, b) => (a > b ? a : b));
  return limitSats - land.feeSats;
}

/** What of a reserved subsidy a payment did not use. */
export function unusedSubsidySats(
  land: { readonly feeSats: bigint; readonly subsidySats: bigint },
  routingFeeMsat: bigint,
): bigint {
  const costSats = (routingFeeMsat + MSAT_PER_SAT - 1n) / MSAT_PER_SAT;
  const usedSats = costSats > land.feeSats ? costSats - land.feeSats : 0n;
  return usedSats < land.subsidySats ? land.subsidySats - usedSats : 0n;
}
