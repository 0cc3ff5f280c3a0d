import fc from "fast-check";

import type { AssetAmount } from "../ark/asset-types";
import { sumAssets } from "../ark/sum-assets";
import { selectByStrategy, STRATEGIES, withLimits, type CoinChoice } from "./select-by-strategy";
import { judgeCoins, type AssetCoin, type TransferRules } from "./select-transfer-coins";
import { unitsOn } from "./vtxo";

const USD = "aa".repeat(34);
const EUR = "bb".repeat(34);
const NONE: ReadonlySet<string> = new Set();

const SATS: TransferRules = {
  targetSats: 10_010n,
  targetAsset: undefined,
  maxAssetsPerOutput: 110,
  dustSats: 330n,
  maxInputs: 20,
  dustToRecipient: false,
};
const UNITS: TransferRules = { ...SATS, targetSats: 340n, targetAsset: { assetId: USD, amount: 100n } };
const CHOICE: CoinChoice = {
  strategy: "optimal",
  maxInputs: 5,
  minChange: 1_000n,
  dustLimitSats: 1n,
  preferredChange: undefined,
};

/** `name` makes the id, `day` the expiry. */
function coin(name: string, amountSats: bigint, day: number, ...assets: readonly AssetAmount[]): AssetCoin {
  return { vtxoId: name, amountSats, assets, expiresAt: new Date(day * 86_400_000) };
}
const usd = (amount: bigint): AssetAmount => ({ assetId: USD, amount });

function chosen(
  candidates: readonly AssetCoin[],
  rules: TransferRules,
  choice: Partial<CoinChoice>,
  earlierChange = NONE,
): readonly string[] | string {
  const full = { ...CHOICE, ...choice };
  const selection = selectByStrategy(candidates, withLimits(rules, full), full, earlierChange);
  return selection.ok ? selection.coins.map(({ vtxoId }) => vtxoId) : selection.reason;
}

const wallet = [
  coin("large", 50_000n, 9),
  coin("late", 6_010n, 8),
  coin("soon", 6_000n, 1),
  coin("next", 5_000n, 2),
  coin("small", 4_000n, 3),
];

it("optimal leaves the least change, though it takes more coins", () => {
  expect(chosen(wallet, SATS, { strategy: "optimal" })).toEqual(["late", "small"]);
});

it("greedy spends what expires first, though a later coin would do alone", () => {
  expect(chosen(wallet, SATS, { strategy: "greedy", minChange: 0n })).toEqual(["soon", "next"]);
});

it("minimal takes the fewest coins, the largest first", () => {
  expect(chosen(wallet, SATS, { strategy: "minimal" })).toEqual(["large"]);
});

it("takes the coins nearest to their expiry when two choices leave the same change", () => {
  const twins = [coin("late", 12_000n, 5), coin("soon", 12_000n, 1)];
  for (const candidates of [twins, twins.toReversed()]) {
    expect(chosen(candidates, SATS, { strategy: "optimal" })).toEqual(["soon"]);
  }
});

it("avoids a change below min_change where it can, and makes it where it cannot", () => {
  const [near, far] = [coin("near", 10_510n, 1), coin("far", 30_000n, 2)];
  for (const strategy of ["optimal", "minimal"] as const) {
    expect(chosen([near, far], SATS, { strategy })).toEqual(["far"]);
  }
  expect(chosen([near, far], SATS, { strategy: "greedy" })).toEqual(["near", "far"]);
  expect(chosen([near], SATS, {})).toEqual(["near"]);
});

it("makes no change below the intent's dust limit, and none below arkd's whatever the intent says", () => {
  const near = coin("near", 10_510n, 1);
  expect(chosen([near], SATS, { dustLimitSats: 501n })).toBe("dust_change");
  expect(chosen([near], SATS, { dustLimitSats: 500n })).toEqual(["near"]);
  expect(chosen([coin("dusty", 10_110n, 1)], SATS, { dustLimitSats: 1n })).toBe("dust_change");
});

it("keeps to max_inputs, and says so when the coins are there but on too many VTXOs", () => {
  const crumbs = Array.from({ length: 10 }, (_, index) => coin(`crumb ${index}`, 2_000n, index));
  for (const strategy of STRATEGIES) {
    expect(chosen(crumbs, SATS, { strategy, maxInputs: 6 })).toHaveLength(6);
    expect(chosen(crumbs, SATS, { strategy, maxInputs: 5 })).toBe("too_many_inputs");
  }
});

it("greedy gives up coins that expire soon when they would leave no room for enough", () => {
  const crumbs = Array.from({ length: 5 }, (_, index) => coin(`crumb ${index}`, 500n, index));
  const selection = chosen([...crumbs, coin("large", 20_000n, 99)], SATS, { strategy: "greedy", maxInputs: 2 });
  expect(selection).toEqual(["crumb 0", "large"]);
});

it("prefers earlier change that leaves nothing or enough, and is as good as blind to it otherwise", () => {
  const earlier = new Set(["was change", "was change too"]);
  const fitting = coin("fitting", 10_010n, 1);
  const prefer = (sats: bigint, preferredChange: bigint | undefined) =>
    chosen([coin("was change", sats, 9), fitting], SATS, { preferredChange, minChange: 0n }, earlier);
  expect(prefer(15_010n, 5_000n)).toEqual(["was change"]);
  expect(prefer(15_009n, 5_000n)).toEqual(["fitting"]);
  expect(prefer(10_010n, 5_000n)).toEqual(["was change"]);
  expect(prefer(15_010n, undefined)).toEqual(["fitting"]);
});

it("counts change in units of what is sent, and takes no more sats than the carriers need", () => {
  const coins = [
    coin("many units", 330n, 1, usd(5_000n)),
    coin("exact units", 330n, 9, usd(100n)),
    coin("rich", 90_000n, 1),
    coin("enough", 400n, 2),
  ];
  expect(chosen(coins, UNITS, { strategy: "optimal", minChange: 0n })).toEqual(["exact units", "enough"]);
  expect(chosen(coins, UNITS, { strategy: "greedy", minChange: 0n })).toEqual(["many units", "rich"]);
});

it("leaves coins under other assets alone while plain ones do", () => {
  const [mixed, plain] = [coin("mixed", 11_000n, 1, { assetId: EUR, amount: 1n }), coin("plain", 60_000n, 9)];
  for (const strategy of STRATEGIES) {
    expect(chosen([mixed, plain], SATS, { strategy })).toEqual(["plain"]);
    expect(chosen([mixed], SATS, { strategy, minChange: 0n })).toEqual(["mixed"]);
  }
});

it("names what is short", () => {
  expect(chosen([coin("poor", 9_000n, 1)], SATS, {})).toBe("insufficient");
  expect(chosen([coin("no units", 90_000n, 1)], UNITS, {})).toBe("insufficient");
});

const anAmount: fc.Arbitrary<AssetAmount> = fc.record({
  assetId: fc.constantFrom(USD, EUR),
  amount: fc.bigInt({ min: 1n, max: 60n }),
});
const someCoins = fc
  .array(
    fc.record({
      amountSats: fc.oneof(fc.constant(330n), fc.bigInt({ min: 330n, max: 2_500n })),
      assets: fc.uniqueArray(anAmount, { maxLength: 2, selector: ({ assetId }) => assetId }),
      day: fc.integer({ min: 1, max: 4 }),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((made) =>
    made.map(({ amountSats, assets, day }, index) =>
      coin(`coin ${index}`, amountSats, day, ...sumAssets([{ assets }])),
    ),
  );
const someRules = fc.record({
  targetSats: fc.bigInt({ min: 340n, max: 4_000n }),
  targetAsset: fc.option(fc.record({ assetId: fc.constant(USD), amount: fc.bigInt({ min: 1n, max: 150n }) }), {
    nil: undefined,
  }),
  maxAssetsPerOutput: fc.constantFrom(1, 110),
});
const someChoice = fc.record({
  strategy: fc.constantFrom(...STRATEGIES),
  maxInputs: fc.integer({ min: 1, max: 8 }),
  minChange: fc.bigInt({ min: 0n, max: 1_500n }),
  dustLimitSats: fc.constantFrom(1n, 330n, 700n),
  preferredChange: fc.constantFrom(undefined, 500n),
});

it("finds coins whenever there are any that do, keeps every limit, and chooses the same in any order", () => {
  fc.assert(
    fc.property(someCoins, someRules, someChoice, (candidates, varied, choice) => {
      const rules = withLimits({ ...SATS, ...varied }, choice);
      const earlier = new Set(["coin 0", "coin 2"]);
      const selection = selectByStrategy(candidates, rules, choice, earlier);
      expect(selectByStrategy(candidates.toReversed(), rules, choice, earlier)).toEqual(selection);
      const possible = subsets(candidates, rules.maxInputs).filter((coins) => judgeCoins(coins, rules).ok);
      expect(selection.ok).toBe(possible.length > 0);
      if (!selection.ok) return;
      expect(judgeCoins(selection.coins, rules).ok).toBe(true);
      expect(new Set(selection.coins).size).toBe(selection.coins.length);
      expect(selection.coins.length).toBeLessThanOrEqual(choice.maxInputs);
    }),
    { numRuns: 1_500 },
  );
});

it("avoids a change below min_change whenever any coins do", () => {
  fc.assert(
    fc.property(someCoins, someRules, someChoice, (candidates, varied, given) => {
      const choice = { ...given, preferredChange: undefined };
      const rules = withLimits({ ...SATS, ...varied }, choice);
      const selection = selectByStrategy(candidates, rules, choice, NONE);
      if (!selection.ok) return;
      const isLiked = (coins: readonly AssetCoin[]) => {
        const change = changeOf(coins, rules);
        return change === 0n || change >= choice.minChange;
      };
      const all = subsets(candidates, rules.maxInputs).filter((coins) => judgeCoins(coins, rules).ok);
      expect(isLiked(selection.coins)).toBe(all.some(isLiked));
    }),
    { numRuns: 1_000 },
  );
});

it("optimal of plain sats leaves exactly the least change there is, minimal takes exactly the fewest coins", () => {
  fc.assert(
    fc.property(
      someCoins,
      fc.bigInt({ min: 340n, max: 4_000n }),
      fc.integer({ min: 1, max: 8 }),
      (made, targetSats, maxInputs) => {
        const candidates = made.map((each) => ({ ...each, assets: [] }));
        const choice = { ...CHOICE, maxInputs, minChange: 0n };
        const rules = withLimits({ ...SATS, targetSats }, choice);
        const all = subsets(candidates, maxInputs).filter((coins) => judgeCoins(coins, rules).ok);
        const optimal = selectByStrategy(candidates, rules, choice, NONE);
        const minimal = selectByStrategy(candidates, rules, { ...choice, strategy: "minimal" }, NONE);
        if (!optimal.ok || !minimal.ok) return expect(all).toEqual([]);
        const least = all.map((coins) => changeOf(coins, rules)).reduce((a, b) => (a < b ? a : b));
        expect(changeOf(optimal.coins, rules)).toBe(least);
        expect(minimal.coins).toHaveLength(Math.min(...all.map((coins) => coins.length)));
      },
    ),
    { numRuns: 1_000 },
  );
});

it("chooses out of a large wallet without looking at every set of its coins", () => {
  const coins = Array.from({ length: 1_000 }, (_, index) =>
    coin(`coin ${index}`, 331n + BigInt((index * 7_919) % 100_003), index),
  );
  for (const strategy of STRATEGIES) {
    const selection = chosen(coins, { ...SATS, targetSats: 123_457n }, { strategy, maxInputs: 20 });
    expect(Array.isArray(selection)).toBe(true);
  }
});

it("gives up a wish that a large wallet cannot fulfil after a bounded search, and pays all the same", () => {
  const coins = Array.from({ length: 1_000 }, (_, index) => coin(`coin ${index}`, 10_000n + BigInt(index % 7), index));
  const looks = { n: 0 };
  const counted = coins.map((each) => ({
    ...each,
    get amountSats() {
      looks.n += 1;
      return each.amountSats;
    },
  }));
  for (const strategy of STRATEGIES) {
    const selection = chosen(counted, SATS, { strategy, maxInputs: 20, minChange: 2n ** 52n });
    expect(Array.isArray(selection)).toBe(true);
    expect(chosen(counted, SATS, { strategy, maxInputs: 20, dustLimitSats: 2n ** 52n })).toBe("dust_change");
  }
  // Every subset of 20 coins would be far more than this.
  expect(looks.n).toBeLessThan(5_000_000);
});

function subsets(coins: readonly AssetCoin[], sizeMax: number): readonly (readonly AssetCoin[])[] {
  const all = coins.reduce<(readonly AssetCoin[])[]>(
    (sets, each) => [...sets, ...sets.map((set) => [...set, each])],
    [[]],
  );
  return all.filter((set) => set.length > 0 && set.length <= sizeMax);
}

function changeOf(coins: readonly AssetCoin[], { targetAsset, targetSats }: TransferRules): bigint {
  return targetAsset === undefined
    ? coins.reduce((sum, { amountSats }) => sum + amountSats, -targetSats)
    : coins.reduce((sum, each) => sum + unitsOn(each, targetAsset.assetId), -targetAsset.amount);
}
