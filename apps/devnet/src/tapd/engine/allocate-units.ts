import type { Piece } from "./rows";

/** Units of one asset for one recipient (its index), or back to the sender. */
export interface Allocation {
  readonly assetId: string;
  readonly amount: bigint;
  readonly recipient: number | "change";
}

/**
 * Spreads the selected pieces over the recipients in order. One recipient may get several assets of a group; every asset that was
 * touched has a change allocation, of zero units when nothing is left (tapd's tombstone).
 */
export function allocateUnits(selected: readonly Piece[], amounts: readonly bigint[]): readonly Allocation[] {
  const left = new Map<string, bigint>();
  for (const { assetId, amount } of selected) left.set(assetId, (left.get(assetId) ?? 0n) + amount);
  const allocations: Allocation[] = [];
  for (const [recipient, wanted] of amounts.entries()) {
    let missing = wanted;
    for (const [assetId, available] of left) {
      const amount = available < missing ? available : missing;
      if (amount === 0n) continue;
      allocations.push({ assetId, amount, recipient });
      left.set(assetId, available - amount);
      missing -= amount;
    }
  }
  const change = [...left].map(([assetId, amount]) => ({ assetId, amount, recipient: "change" as const }));
  return [...change, ...allocations];
}
