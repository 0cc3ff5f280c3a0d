import {
  judgeCoins,
  selectTransferCoins,
  useExactCoins,
  type AssetCoin,
  type TransferRules,
  type TransferSelection,
} from "./select-transfer-coins";
import { unitsOn } from "./vtxo";

/** How an intent may want its coins chosen. Pure and deterministic: the same candidates in any order give the same choice. */
export const STRATEGIES = ["optimal", "greedy", "minimal"] as const;
export type Strategy = (typeof STRATEGIES)[number];

export interface CoinChoice {
  readonly strategy: Strategy;
  /** Undefined: as many as a session may have. */
  readonly maxInputs: number | undefined;
  /** Base units of what is sent: change above nothing and below this is avoided, not forbidden. */
  readonly minChange: bigint;
  /** Smaller change is not made; arkd's own limit counts where that is higher. */
  readonly dustLimitSats: bigint;
  /**
   * Base units of what is sent: outputs that were change before are taken alone when they leave nothing or at least this. Undefined:
   * they are coins like others.
   */
  readonly preferredChange: bigint | undefined;
}

/** Nodes of one search; enough to look at every subset of a dozen coins. Beyond it the best choice found so far stands. */
const SEARCH_STEPS_MAX = 8_192;

/**
 * `optimal`: the least change within `maxInputs`, ties by the coins nearest to their expiry. `greedy`: nearest expiry first. `minimal`:
 * the fewest coins, the largest first. Coins that carry only what is sent, and plain ones, come before those under other assets, whose
 * units would go back and forth. `earlierChange` has the ids of candidates that were change before. The choice's own limits are in the
 * rules (`withLimits`).
 */
export function selectByStrategy<C extends AssetCoin>(
  candidates: readonly C[],
  rules: TransferRules,
  choice: CoinChoice,
  earlierChange: ReadonlySet<string>,
): TransferSelection<C> {
  const { preferredChange, minChange, strategy } = choice;
  const plain = candidates.filter((coin) => carriesNothingElse(coin, rules));
  const changeOnly = plain.filter(({ vtxoId }) => earlierChange.has(vtxoId));
  const tries: readonly Try<C>[] = [
    ...(preferredChange === undefined ? [] : [{ pool: changeOnly, minChange: preferredChange, skips: true }]),
    { pool: plain, minChange, skips: true },
    { pool: candidates, minChange, skips: false },
    { pool: plain, minChange: 0n, skips: true },
    { pool: candidates, minChange: 0n, skips: false },
  ];
  for (const each of tries) {
    const coins = search(each, rules, strategy);
    if (coins !== undefined) return { ok: true, coins };
  }
  // A search that ran out of steps may have missed what the plain rules find; if not, they say what is missing.
  const plainly = selectTransferCoins(candidates, { ...rules, changeSatsMin: rules.dustSats });
  return plainly.ok ? useExactCoins(plainly.coins, rules) : plainly;
}

/** The rules of a selection with what the intent wants on top. */
export function withLimits(rules: TransferRules, { maxInputs, dustLimitSats }: CoinChoice): TransferRules {
  return {
    ...rules,
    maxInputs: Math.min(rules.maxInputs, maxInputs ?? rules.maxInputs),
    changeSatsMin: dustLimitSats > rules.dustSats ? dustLimitSats : rules.dustSats,
  };
}

interface Try<C> {
  readonly pool: readonly C[];
  readonly minChange: bigint;
  /** Once the units are there only plain coins follow: more of the asset would only come back as change. */
  readonly skips: boolean;
}

function search<C extends AssetCoin>(each: Try<C>, rules: TransferRules, strategy: Strategy): readonly C[] | undefined {
  return walk(each.pool.toSorted(orderOf(strategy, rules)), each, rules, strategy);
}

/**
 * Depth first over the coins in their order, each taken before it is left out; a branch ends when its rest cannot reach the target, or
 * when its coins are accepted, since more of them only add change. `greedy` stops at the first, `minimal` goes on with fewer coins, and
 * `optimal` to the least change.
 */
function walk<C extends AssetCoin>(
  coins: readonly C[],
  { minChange, skips }: Pick<Try<C>, "minChange" | "skips">,
  rules: TransferRules,
  strategy: Strategy,
): readonly C[] | undefined {
  const { targetSats, targetAsset, maxInputs, changeSatsMin = rules.dustSats } = rules;
  const targetUnits = targetAsset?.amount ?? 0n;
  const units = coins.map((coin) => (targetAsset === undefined ? 0n : unitsOn(coin, targetAsset.assetId)));
  const sats = coins.map(({ amountSats }) => amountSats);
  const [unitsLeft, satsLeft] = [largestSums(units, maxInputs), largestSums(sats, maxInputs)];
  let best: readonly C[] | undefined;
  let steps = 0;

  const visit = (index: number, chosen: readonly C[], chosenUnits: bigint, chosenSats: bigint): void => {
    steps += 1;
    if (steps > SEARCH_STEPS_MAX || (best !== undefined && strategy === "greedy")) return;
    // Once something was found, only fewer coins are better.
    const size = best !== undefined && strategy === "minimal" ? best.length - 1 : maxInputs;
    if (chosen.length > size) return;
    const hasUnits = chosenUnits >= targetUnits;
    const change = targetAsset === undefined ? chosenSats - targetSats : chosenUnits - targetUnits;
    const isLiked = change === 0n || change >= minChange;
    const changeSats = chosenSats - targetSats;
    // Looked at before the whole judgement, which takes much longer.
    const isPayable = changeSats === 0n || changeSats >= changeSatsMin;
    if (isLiked && isPayable && hasUnits && chosenSats >= targetSats && judgeCoins(chosen, rules).ok) {
      const isBetter = best === undefined || strategy === "minimal" || compareChoices(chosen, best, rules) < 0;
      if (isBetter) best = chosen;
      return;
    }
    const coin = coins[index];
    const room = size - chosen.length;
    if (coin === undefined || room === 0) return;
    if (chosenUnits + largest(unitsLeft, index, room) < targetUnits) return;
    if (chosenSats + largest(satsLeft, index, room) < targetSats) return;
    const [ofUnits = 0n, ofSats = 0n] = [units[index], sats[index]];
    if (!(skips && hasUnits && ofUnits > 0n)) {
      visit(index + 1, [...chosen, coin], chosenUnits + ofUnits, chosenSats + ofSats);
    }
    visit(index + 1, chosen, chosenUnits, chosenSats);
  };
  visit(0, [], 0n, 0n);
  return best;
}

/** For each index the largest values from there on, the largest first, at most `count` of them, each with those before it added. */
function largestSums(values: readonly bigint[], count: number): readonly (readonly bigint[])[] {
  const sums: (readonly bigint[])[] = [];
  let largestOnes: bigint[] = [];
  for (const value of values.toReversed()) {
    largestOnes = [...largestOnes, value].toSorted((a, b) => (a > b ? -1 : 1)).slice(0, count);
    let sum = 0n;
    sums.push(largestOnes.map((each) => (sum += each)));
  }
  return sums.toReversed();
}

function largest(sums: readonly (readonly bigint[])[], index: number, count: number): bigint {
  const from = sums[index] ?? [];
  return from[Math.min(count, from.length) - 1] ?? 0n;
}

/** What comes back of what is sent: units of the asset, or sats. */
function changeOf(coins: readonly AssetCoin[], { targetAsset, targetSats }: TransferRules): bigint {
  if (targetAsset === undefined) return sumOf(coins, ({ amountSats }) => amountSats) - targetSats;
  return sumOf(coins, (coin) => unitsOn(coin, targetAsset.assetId)) - targetAsset.amount;
}

/** Less change first, then fewer sats, then the coins nearest to their expiry. */
function compareChoices(a: readonly AssetCoin[], b: readonly AssetCoin[], rules: TransferRules): number {
  const bySums =
    compare(changeOf(a, rules), changeOf(b, rules)) ||
    compare(
      sumOf(a, ({ amountSats }) => amountSats),
      sumOf(b, ({ amountSats }) => amountSats),
    );
  if (bySums !== 0) return bySums;
  const [ofA, ofB] = [a.toSorted(byExpiry), b.toSorted(byExpiry)];
  for (const [index, coin] of ofA.entries()) {
    const other = ofB[index];
    if (other === undefined) return 1;
    const order = byExpiry(coin, other);
    if (order !== 0) return order;
  }
  return ofA.length - ofB.length;
}

/** Coins that carry what is sent come first: without them there is nothing to pay the sats of. */
function orderOf(strategy: Strategy, { targetAsset }: TransferRules) {
  const units = (coin: AssetCoin) => (targetAsset === undefined ? 0n : unitsOn(coin, targetAsset.assetId));
  return (a: AssetCoin, b: AssetCoin): number => {
    const [ofA, ofB] = [units(a), units(b)];
    const carryingFirst = Number(ofB > 0n) - Number(ofA > 0n);
    if (carryingFirst !== 0) return carryingFirst;
    if (strategy === "greedy") return byExpiry(a, b);
    return compare(ofB, ofA) || compare(b.amountSats, a.amountSats) || byExpiry(a, b);
  };
}

function byExpiry(a: AssetCoin, b: AssetCoin): number {
  const [ofA, ofB] = [a, b].map((coin) => coin.expiresAt?.getTime() ?? Number.MAX_SAFE_INTEGER);
  return compare(ofA ?? 0, ofB ?? 0) || compare(a.vtxoId, b.vtxoId);
}

function compare<T extends bigint | number | string>(a: T, b: T): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function carriesNothingElse(coin: AssetCoin, { targetAsset }: TransferRules): boolean {
  return coin.assets.every(({ assetId }) => assetId === targetAsset?.assetId);
}

function sumOf(coins: readonly AssetCoin[], valueOf: (coin: AssetCoin) => bigint): bigint {
  return coins.reduce((sum, coin) => sum + valueOf(coin), 0n);
}
