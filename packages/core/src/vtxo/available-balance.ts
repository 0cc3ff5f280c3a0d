import type { BalanceRow } from "../ports/vtxo-store";

/**
 * What of a balance can be spent now: not what sessions hold, and of gBTC not the least sats that each free VTXO with assets
 * needs to carry them. Never below 0: carriers may be all there is.
 */
export function availableBalance(
  row: Pick<BalanceRow, "balance" | "reserved" | "freeCarriers">,
  dustSats: bigint,
): bigint {
  const free = row.balance - row.reserved - BigInt(row.freeCarriers) * dustSats;
  return free > 0n ? free : 0n;
}
