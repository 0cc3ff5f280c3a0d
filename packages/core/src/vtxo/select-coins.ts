/** Coin selection over one owner's free VTXOs. Pure and deterministic: the same candidates give the same choice. */

export interface Coin {
  readonly vtxoId: string;
  readonly amountSats: bigint;
  readonly expiresAt: Date | null;
}

export interface SelectionRules {
  /** What the outputs need, sats. */
  readonly targetSats: bigint;
  /** A change output below this cannot be made. */
  readonly dustSats: bigint;
  readonly maxInputs: number;
  /** Change of 1 sat up to dust goes to the recipient instead of refusing. */
  readonly dustToRecipient: boolean;
}

export type Selection<C extends Coin> =
  | { readonly ok: true; readonly coins: readonly C[]; readonly changeSats: bigint }
  /** The candidates do not add up to the target. */
  | { readonly ok: false; readonly reason: "insufficient"; readonly availableSats: bigint }
  /** They add up, but only with more inputs than a session may have. */
  | { readonly ok: false; readonly reason: "too_many_inputs" }
  /** Every way to reach the target leaves a change below dust. */
  | { readonly ok: false; readonly reason: "dust_change"; readonly changeSats: bigint };

/** Search steps of `optimal`; beyond it the best choice found so far stands. Keeps a wallet of 1,000 coins under a millisecond or two. */
const SEARCH_STEPS_MAX = 20_000;

/** The strategy `optimal`: least change within `maxInputs`, ties by the coins nearest to their expiry. */
export function selectCoins<C extends Coin>(candidates: readonly C[], rules: SelectionRules): Selection<C> {
  const coins = [...candidates].sort(byAmountThenExpiry);
  const availableSats = sum(coins);
  if (availableSats < rules.targetSats) return { ok: false, reason: "insufficient", availableSats };
  const largest = coins.slice(0, rules.maxInputs);
  if (sum(largest) < rules.targetSats) return { ok: false, reason: "too_many_inputs" };

  const best = search(coins, rules);
  if (best !== undefined) return { ok: true, coins: best, changeSats: sum(best) - rules.targetSats };

  // Only choices with a dust change exist (or the search ran out): the fewest inputs tell how much would be left over.
  const fewest = takeUntil(largest, rules.targetSats);
  const changeSats = sum(fewest) - rules.targetSats;
  if (isPayableChange(changeSats, rules) || rules.dustToRecipient) return { ok: true, coins: fewest, changeSats };
  return { ok: false, reason: "dust_change", changeSats };
}

function isPayableChange(changeSats: bigint, rules: SelectionRules): boolean {
  return changeSats === 0n || changeSats >= rules.dustSats;
}

/** Depth-first branch and bound over coins from large to small; a branch ends when its rest cannot reach the target. */
function search<C extends Coin>(coins: readonly C[], rules: SelectionRules): readonly C[] | undefined {
  const restSums = suffixSums(coins);
  let best: { coins: readonly C[]; changeSats: bigint } | undefined;
  let steps = 0;

  const visit = (index: number, chosen: readonly C[], chosenSats: bigint): void => {
    steps += 1;
    if (steps > SEARCH_STEPS_MAX || best?.changeSats === 0n) return;
    if (chosenSats >= rules.targetSats) {
      const changeSats = chosenSats - rules.targetSats;
      const better = best === undefined || changeSats < best.changeSats;
      if (better && isPayableChange(changeSats, rules)) best = { coins: chosen, changeSats };
      // A superset only adds change; it is worth a look only when this one's change is dust.
      if (isPayableChange(changeSats, rules)) return;
    }
    const coin = coins[index];
    if (coin === undefined || chosen.length === rules.maxInputs) return;
    if (chosenSats + (restSums[index] ?? 0n) < rules.targetSats) return;
    visit(index + 1, [...chosen, coin], chosenSats + coin.amountSats);
    visit(index + 1, chosen, chosenSats);
  };
  visit(0, [], 0n);
  return best?.coins;
}

function suffixSums(coins: readonly Coin[]): readonly bigint[] {
  const sums = Array.from({ length: coins.length + 1 }, () => 0n);
  for (let index = coins.length - 1; index >= 0; index -= 1) {
    sums[index] = (sums[index + 1] ?? 0n) + (coins[index]?.amountSats ?? 0n);
  }
  return sums;
}

function takeUntil<C extends Coin>(coins: readonly C[], targetSats: bigint): readonly C[] {
  const taken: C[] = [];
  let total = 0n;
  for (const coin of coins) {
    if (total >= targetSats) break;
    taken.push(coin);
    total += coin.amountSats;
  }
  return taken;
}

function sum(coins: readonly Coin[]): bigint {
  return coins.reduce((total, coin) => total + coin.amountSats, 0n);
}

/** Large first; of equal coins the one nearest to its expiry, then by id so that the order is total. */
function byAmountThenExpiry(a: Coin, b: Coin): number {
  if (a.amountSats !== b.amountSats) return a.amountSats > b.amountSats ? -1 : 1;
  const byExpiry = (a.expiresAt?.getTime() ?? Infinity) - (b.expiresAt?.getTime() ?? Infinity);
  if (byExpiry !== 0 && !Number.isNaN(byExpiry)) return byExpiry;
  return a.vtxoId < b.vtxoId ? -1 : 1;
}
