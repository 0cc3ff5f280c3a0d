import type { AssetAmount } from "../ark/asset-types";
import { subtractAssets, sumAssets } from "../ark/sum-assets";
import type { AssetCoin } from "./select-transfer-coins";

/** What a member of a swap needs its coins for. */
export interface SwapRules {
  /** Sats it gives, which must be its own. */
  readonly giveSats: bigint;
  readonly receiveSats: bigint;
  readonly feeSats: bigint;
  /** Units it gives, by arkd's ids, each asset once. */
  readonly give: readonly AssetAmount[];
  /** How many other assets than gBTC it gets: each lot of units stands on sats of its own. */
  readonly receivedAssets: number;
  readonly dustSats: bigint;
  /** arkd refuses a VTXO with more. */
  readonly maxAssetsPerOutput: number;
  readonly maxInputs: number;
}

/** What the coins lack: units of an asset by arkd's id, or sats (undefined) for what is given, the fee and the carriers. */
export interface SwapShortage {
  readonly assetId: string | undefined;
  readonly required: bigint;
  readonly available: bigint;
}

export type SwapSelection<C extends AssetCoin> =
  | { readonly ok: true; readonly coins: readonly C[] }
  | { readonly ok: false; readonly reason: "insufficient"; readonly shortage: SwapShortage }
  | { readonly ok: false; readonly reason: "too_many_inputs" };

/**
 * Few coins that hold the units given, and sats for the rest: plain ones first, and only when those are short the sats under other
 * assets. Change is no trouble: a member gets an output anyway, which takes what is too little for one of its own. Pure and
 * deterministic.
 */
export function selectSwapCoins<C extends AssetCoin>(candidates: readonly C[], rules: SwapRules): SwapSelection<C> {
  const shortage = findSwapShortage(candidates, rules);
  if (shortage !== undefined) return { ok: false, reason: "insufficient", shortage };
  const taken = new Set<C>();
  for (const { assetId, amount } of rules.give) {
    const unitsIn = (coin: C): bigint => unitsOf([coin], assetId);
    const carrying = sortByValue(
      candidates.filter((coin) => unitsIn(coin) > 0n),
      unitsIn,
    );
    for (let held = unitsOf([...taken], assetId); held < amount; held = unitsOf([...taken], assetId)) {
      if (taken.size === rules.maxInputs) return { ok: false, reason: "too_many_inputs" };
      taken.add(nearest(carrying, taken, amount - held, unitsIn));
    }
  }
  const satsIn = ({ amountSats }: C): bigint => amountSats;
  const bySats = sortByValue(candidates, satsIn);
  const plain = bySats.filter((coin) => coin.assets.length === 0);
  for (let lack = findSwapShortage([...taken], rules); lack !== undefined; lack = findSwapShortage([...taken], rules)) {
    if (taken.size === rules.maxInputs) return { ok: false, reason: "too_many_inputs" };
    const from = plain.some((coin) => !taken.has(coin)) ? plain : bySats;
    taken.add(nearest(from, taken, lack.required - lack.available, satsIn));
  }
  return { ok: true, coins: [...taken] };
}

export function findSwapShortage(coins: readonly AssetCoin[], rules: SwapRules): SwapShortage | undefined {
  for (const { assetId, amount } of rules.give) {
    const held = unitsOf(coins, assetId);
    if (held < amount) return { assetId, required: amount, available: held };
  }
  const available = coins.reduce((sum, { amountSats }) => sum + amountSats, 0n);
  const { giveSats, receiveSats, feeSats, dustSats } = rules;
  const forOutputs = giveSats + feeSats - receiveSats + BigInt(outputCount(coins, rules)) * dustSats;
  const required = forOutputs > giveSats ? forOutputs : giveSats;
  return available < required ? { assetId: undefined, required, available } : undefined;
}

/** The outputs a member has at least: one for each lot of units that it gets or keeps. */
function outputCount(coins: readonly AssetCoin[], { give, receivedAssets, maxAssetsPerOutput }: SwapRules): number {
  const kept = subtractAssets(sumAssets(coins), give).length;
  return Math.max(1, Math.ceil(receivedAssets / maxAssetsPerOutput) + Math.ceil(kept / maxAssetsPerOutput));
}

/** Smallest first; of equal ones that which expires first. */
function sortByValue<C extends AssetCoin>(coins: readonly C[], valueOf: (coin: C) => bigint): readonly C[] {
  return coins.toSorted((a, b) => {
    const [ofA, ofB] = [valueOf(a), valueOf(b)];
    if (ofA !== ofB) return ofA < ofB ? -1 : 1;
    const [lifeOfA, lifeOfB] = [a, b].map((coin) => coin.expiresAt?.getTime() ?? Number.MAX_SAFE_INTEGER);
    if (lifeOfA !== lifeOfB) return (lifeOfA ?? 0) - (lifeOfB ?? 0);
    return a.vtxoId < b.vtxoId ? -1 : 1;
  });
}

/** Of sorted coins that are not taken: the smallest that is enough, else the largest. */
function nearest<C extends AssetCoin>(
  sorted: readonly C[],
  taken: ReadonlySet<C>,
  wanted: bigint,
  valueOf: (coin: C) => bigint,
): C {
  const isFree = (coin: C): boolean => !taken.has(coin);
  const chosen = sorted.find((coin) => isFree(coin) && valueOf(coin) >= wanted) ?? sorted.findLast(isFree);
  // All candidates together are enough, which was checked before, so there is one left while some are not.
  if (chosen === undefined) throw new RangeError("no coin is left to take");
  return chosen;
}

function unitsOf(coins: readonly AssetCoin[], assetId: string): bigint {
  let sum = 0n;
  for (const { assets } of coins) for (const each of assets) if (each.assetId === assetId) sum += each.amount;
  return sum;
}
