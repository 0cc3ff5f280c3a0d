/** Units of an asset for one bitcoin: coefficient / 10^scale, as rfqrpc.FixedPoint. */
export interface AssetRate {
  readonly coefficient: bigint;
  readonly scale: number;
}

/** Millisatoshi in one bitcoin. */
const MSAT_PER_BTC = 100_000_000_000n;

/** An HTLC below this is dust on-chain, so no asset travels with less: tapd's DefaultOnChainHtlcMSat. */
export const CARRIER_MSAT = 354_000n;

/** What units are worth, rounded down: the amount of an invoice over them. */
export function unitsToMsat(units: bigint, rate: AssetRate): bigint {
  return (units * MSAT_PER_BTC * 10n ** BigInt(rate.scale)) / rate.coefficient;
}

/** How many whole units an amount buys. */
export function msatToUnits(amountMsat: bigint, rate: AssetRate): bigint {
  return (amountMsat * rate.coefficient) / (MSAT_PER_BTC * 10n ** BigInt(rate.scale));
}

/** How many whole units an amount costs. */
export function msatToUnitsRoundedUp(amountMsat: bigint, rate: AssetRate): bigint {
  const divisor = MSAT_PER_BTC * 10n ** BigInt(rate.scale);
  return (amountMsat * rate.coefficient + divisor - 1n) / divisor;
}

/** tapd's MinTransportableUnits. */
export function minTransportableUnits(rate: AssetRate): bigint {
  const units = msatToUnits(CARRIER_MSAT, rate);
  return units === 0n ? 1n : units;
}

/** tapd's MinTransportableMSat. */
export function minTransportableMsat(rate: AssetRate): bigint {
  return CARRIER_MSAT + unitsToMsat(1n, rate);
}

/** As Go prints a fixed point: `12.34`. */
export function printRate(rate: AssetRate): string {
  if (rate.scale === 0) return rate.coefficient.toString();
  const digits = rate.coefficient.toString().padStart(rate.scale + 1, "0");
  return `${digits.slice(0, -rate.scale)}.${digits.slice(-rate.scale)}`;
}
