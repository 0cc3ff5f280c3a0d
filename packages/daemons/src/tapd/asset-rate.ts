import { assert } from "@arkrelay/core/errors";

import type { FixedPoint } from "../gen/rfqrpc/rfq";

const MSAT_PER_BTC = 100_000_000_000n;

/** Units that pay `amountMsat` at a rate of units per BTC, rounded up: it is we who pay them. */
export function toUnitsPaid(amountMsat: bigint, rate: FixedPoint | undefined): bigint {
  assert(rate !== undefined && /^\d+$/.test(rate.coefficient), "a quote has a rate");
  const numerator = amountMsat * BigInt(rate.coefficient);
  const denominator = MSAT_PER_BTC * 10n ** BigInt(rate.scale);
  return (numerator + denominator - 1n) / denominator;
}
