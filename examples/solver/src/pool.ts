/** What a pool holds: sats, and base units of its one asset. */
export interface Reserves {
  readonly sats: bigint;
  readonly units: bigint;
}

/** One side of a trade, as the user sees it: what goes into the pool. */
export interface Trade {
  readonly direction: "sats_in" | "units_in";
  /** Sats or base units, by the direction. */
  readonly amountIn: bigint;
}

export type Quote =
  | { readonly ok: true; readonly amountOut: bigint }
  | { readonly ok: false; readonly reason: "dust" | "too_large" | "empty_pool" };

/** What the gateway charges each side of a swap. The pool's own share is part of its price, or small trades would drain it. */
const NETWORK_FEE_SATS = 10n;
/** arkd's least output; the gateway makes each leg in sats an output of its own. */
const DUST_SATS = 330n;
/** A trade takes at most this share of a reserve, so that what is left can carry change and asset outputs. */
const TAKEN_SHARE_MAX = 4n;
const BPS = 10_000n;

/**
 * What the pool pays for a trade: the most that keeps sats x units from falling, the pool's fee (basis points of what comes in) and the
 * gateway's 10 sats taken off first. Rounded down, so that the rounding is the pool's.
 */
export function quoteTrade({ sats, units }: Reserves, { direction, amountIn }: Trade, feeBps: bigint): Quote {
  if (sats === 0n || units === 0n) return { ok: false, reason: "empty_pool" };
  const isSatsIn = direction === "sats_in";
  if (amountIn < (isSatsIn ? DUST_SATS : 1n)) return { ok: false, reason: "dust" };
  const priced = (isSatsIn ? amountIn - NETWORK_FEE_SATS : amountIn) * (BPS - feeBps);
  const [reserveIn, reserveOut] = isSatsIn ? [sats, units] : [units, sats];
  const gross = (reserveOut * priced) / (reserveIn * BPS + priced);
  const amountOut = isSatsIn ? gross : gross - NETWORK_FEE_SATS;
  if (amountOut < (isSatsIn ? 1n : DUST_SATS)) return { ok: false, reason: "dust" };
  return amountOut * TAKEN_SHARE_MAX > reserveOut ? { ok: false, reason: "too_large" } : { ok: true, amountOut };
}
