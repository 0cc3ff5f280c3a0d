/** msat per unit of BOLT 11's multipliers, times ten because `p` is a tenth of a msat. */
const TENTHS_OF_MSAT: Readonly<Record<string, bigint>> = {
  "": 1_000_000_000_000n,
  m: 1_000_000_000n,
  u: 1_000_000n,
  n: 1_000n,
  p: 1n,
};

/**
 * The amount in the human-readable part of a payment request that a daemon of ours has just made (BOLT 11), in msat. undefined = any
 * amount. What comes from elsewhere has to be decoded and checked as a whole.
 */
export function readBolt11Amount(bolt11: string): bigint | undefined {
  const humanPart = bolt11.slice(0, bolt11.lastIndexOf("1"));
  const [, digits, multiplier = ""] = /^ln(?:bc|tb|tbs|bcrt|sb)(\d+)([munp]?)$/.exec(humanPart) ?? [];
  const tenths = TENTHS_OF_MSAT[multiplier];
  if (digits === undefined || tenths === undefined) return undefined;
  return (BigInt(digits) * tenths) / 10n;
}
