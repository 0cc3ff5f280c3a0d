import { TapdError } from "./tapd-error";

/** Every output that holds assets carries this many sats, as tapd's DummyAmtSats. */
export const ANCHOR_SATS = 1_000n;

/** lnd's FeePerKwFloor. */
const FLOOR_SAT_PER_KW = 253;
/** What tapd takes without a manual fee rate, here a constant instead of an estimate. */
const AUTO_SAT_PER_VBYTE = 2n;

/** Throws tapd's text for a manual fee rate that no node would relay. 0 = automatic. */
export function checkFeeRate(feeRateSatPerKw: number): void {
  if (feeRateSatPerKw === 0 || feeRateSatPerKw >= FLOOR_SAT_PER_KW) return;
  throw new TapdError(
    `manual fee rate below floor: (fee_rate=${feeRateSatPerKw} sat/kw, floor=${FLOOR_SAT_PER_KW} sat/kw)`,
  );
}

/** A virtual byte is four weight units. */
export function satPerVbyteOf(feeRateSatPerKw: number): bigint {
  if (feeRateSatPerKw === 0) return AUTO_SAT_PER_VBYTE;
  return BigInt(Math.ceil((feeRateSatPerKw * 4) / 1000));
}
