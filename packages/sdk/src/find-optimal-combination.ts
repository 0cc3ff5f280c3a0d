import type { OwnVtxo } from "./verifier/verifier-types.js";

export interface CombinationOptions {
  /** At most so many VTXOs; 20 when absent. */
  readonly maxInputs?: number;
  /** Change below this is only left when there is no other way; 330 when absent. */
  readonly minChange?: bigint;
  /** Units of this asset by arkd's id, instead of sats. */
  readonly arkAssetId?: string;
}

export interface Combination {
  readonly vtxos: readonly OwnVtxo[];
  /** What they leave of `amount`, in the same units. */
  readonly change: bigint;
}

const MAX_INPUTS = 20;
const MIN_CHANGE = 330n;
/** Keeps the search of a large wallet short; the best combination found so far stands. */
const STEPS_MAX = 20_000;

/**
 * The VTXOs that pay `amount` with the least change, as the gateway's strategy `optimal` looks for them; undefined when none do. For
 * `sourceVtxos` of an intent; count the fee, and 330 sats for each output that carries units, into `amount`.
 */
export function findOptimalCombination(
  vtxos: readonly OwnVtxo[],
  amount: bigint,
  options: CombinationOptions = {},
): Combination | undefined {
  const { maxInputs = MAX_INPUTS, minChange = MIN_CHANGE, arkAssetId } = options;
  const valueOf = ({ amountSats, assets }: OwnVtxo) =>
    arkAssetId === undefined ? amountSats : (assets.find(({ assetId }) => assetId === arkAssetId)?.amount ?? 0n);
  const usable = vtxos
    .filter((vtxo) => !vtxo.isSpent && valueOf(vtxo) > 0n && (arkAssetId !== undefined || vtxo.assets.length === 0))
    .toSorted((a, b) => compare(valueOf(b), valueOf(a)) || a.expiresAt - b.expiresAt || compare(a.vtxoId, b.vtxoId));
  const rests = usable.map((_, index) => usable.slice(index).reduce((sum, vtxo) => sum + valueOf(vtxo), 0n));
  let best: Combination | undefined;
  let steps = 0;
  const isBetter = (change: bigint) => {
    if (best === undefined) return true;
    const [liked, bestLiked] = [change, best.change].map((each) => each === 0n || each >= minChange);
    return liked === bestLiked ? change < best.change : liked === true;
  };
  const visit = (index: number, chosen: readonly OwnVtxo[], sum: bigint): void => {
    steps += 1;
    if (steps > STEPS_MAX) return;
    const change = sum - amount;
    if (change >= 0n && chosen.length > 0 && isBetter(change)) best = { vtxos: chosen, change };
    const vtxo = usable[index];
    const isDone = change === 0n || change >= minChange;
    if (vtxo === undefined || isDone || chosen.length === maxInputs || sum + (rests[index] ?? 0n) < amount) return;
    visit(index + 1, [...chosen, vtxo], sum + valueOf(vtxo));
    visit(index + 1, chosen, sum);
  };
  visit(0, [], 0n);
  return best;
}

function compare<T extends bigint | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
