import fc from "fast-check";

import type { AssetAmount } from "../ark/asset-types";
import { subtractAssets, sumAssets } from "../ark/sum-assets";
import { selectTransferCoins, useExactCoins, type AssetCoin, type TransferRules } from "./select-transfer-coins";

const USD = "aa".repeat(34);
const EUR = "bb".repeat(34);

const RULES: TransferRules = {
  targetSats: 340n,
  targetAsset: { assetId: USD, amount: 100n },
  maxAssetsPerOutput: 110,
  dustSats: 330n,
  maxInputs: 5,
  dustToRecipient: false,
};
const SATS_ONLY: TransferRules = { ...RULES, targetSats: 1_000n, targetAsset: undefined };

let made = 0;

function coin(amountSats: bigint, ...assets: readonly (readonly [string, bigint])[]): AssetCoin {
  made += 1;
  return {
    vtxoId: `${String(made).padStart(64, "0")}:0`,
    amountSats,
    assets: assets.map(([assetId, amount]) => ({ assetId, amount })),
    expiresAt: new Date(made * 1_000),
  };
}

it("takes the one coin with just enough units, and the plain coin with the least left over for fee and carriers", () => {
  const [little, large, fitting] = [coin(330n, [USD, 40n]), coin(330n, [USD, 900n]), coin(330n, [USD, 120n])];
  const [rich, enough] = [coin(50_000n), coin(400n)];
  expect(selectTransferCoins([little, large, rich, fitting, enough], RULES)).toEqual({
    ok: true,
    coins: [fitting, enough],
  });
});

it("takes the fewest coins that hold the units when none holds them alone", () => {
  const [a, b, c] = [coin(400n, [USD, 60n]), coin(400n, [USD, 50n]), coin(400n, [USD, 45n])];
  const selection = selectTransferCoins([b, c, coin(330n, [USD, 10n]), a], RULES);
  expect(selection).toEqual({ ok: true, coins: [a, c] });
});

it("sends an emptied VTXO on its own carrier and pays the fee from the rest", () => {
  const emptied = coin(340n, [USD, 100n]);
  expect(selectTransferCoins([emptied, coin(5_000n)], RULES)).toEqual({ ok: true, coins: [emptied] });
});

it("adds sats to lift a change that would be dust, and gives it to the recipient only when that fails and may be", () => {
  const [emptied, plain] = [coin(400n, [USD, 100n]), coin(330n)];
  expect(selectTransferCoins([emptied, plain], RULES)).toEqual({ ok: true, coins: [emptied, plain] });
  expect(selectTransferCoins([emptied], RULES)).toEqual({ ok: false, reason: "dust_change", changeSats: 60n });
  expect(selectTransferCoins([emptied], { ...RULES, dustToRecipient: true })).toEqual({ ok: true, coins: [emptied] });
});

it("keeps the units that come back to the sender on a carrier of their own", () => {
  const mixed = coin(1_000n, [USD, 100n], [EUR, 7n]);
  expect(selectTransferCoins([mixed], RULES)).toEqual({ ok: true, coins: [mixed] });
  const tight = coin(669n, [USD, 100n], [EUR, 7n]);
  expect(selectTransferCoins([tight], RULES)).toEqual({
    ok: false,
    reason: "insufficient",
    assetId: undefined,
    required: 670n,
    available: 669n,
  });
});

it("carries more assets than one output may hold on several outputs", () => {
  const rules = { ...RULES, maxAssetsPerOutput: 1 };
  const mixed = coin(1_300n, [USD, 100n], [EUR, 7n], ["cc".repeat(34), 1n]);
  expect(selectTransferCoins([mixed], rules)).toEqual({ ok: true, coins: [mixed] });
  const tight = { ...mixed, amountSats: 999n };
  expect(selectTransferCoins([tight], rules)).toMatchObject({ reason: "insufficient", required: 1_000n });
});

it("names the asset that is short: the units, or the sats under them", () => {
  expect(selectTransferCoins([coin(5_000n), coin(330n, [USD, 99n])], RULES)).toEqual({
    ok: false,
    reason: "insufficient",
    assetId: USD,
    required: 100n,
    available: 99n,
  });
  expect(selectTransferCoins([coin(339n, [USD, 100n])], RULES)).toMatchObject({
    reason: "insufficient",
    assetId: undefined,
    required: 340n,
    available: 339n,
  });
});

it("says so when the units or the sats are there but on too many coins", () => {
  const crumbs = Array.from({ length: 10 }, () => coin(330n, [USD, 10n]));
  expect(selectTransferCoins(crumbs, RULES)).toEqual({ ok: false, reason: "too_many_inputs" });
  const pennies = Array.from({ length: 10 }, () => coin(150n));
  expect(selectTransferCoins(pennies, SATS_ONLY)).toEqual({ ok: false, reason: "too_many_inputs" });
});

it("spends plain sats first, and the sats above a carrier when those are short", () => {
  const [plain, carrying] = [coin(1_000n), coin(100_000n, [USD, 5n])];
  expect(selectTransferCoins([carrying, plain], SATS_ONLY)).toEqual({ ok: true, coins: [plain] });
  expect(selectTransferCoins([carrying], SATS_ONLY)).toEqual({ ok: true, coins: [carrying] });
  expect(selectTransferCoins([coin(1_329n, [USD, 5n])], SATS_ONLY)).toMatchObject({ reason: "insufficient" });
});

it("uses named coins exactly, even when fewer would do", () => {
  const named = [coin(5_000n), coin(4_000n, [EUR, 3n])];
  expect(useExactCoins(named, SATS_ONLY)).toEqual({ ok: true, coins: named });
  expect(useExactCoins([coin(900n)], SATS_ONLY)).toMatchObject({ reason: "insufficient", available: 900n });
  expect(useExactCoins([coin(1_100n)], SATS_ONLY)).toEqual({ ok: false, reason: "dust_change", changeSats: 100n });
  expect(useExactCoins([coin(9_000n)], RULES)).toMatchObject({ reason: "insufficient", assetId: USD });
  expect(
    useExactCoins(
      Array.from({ length: 6 }, () => coin(1_000n)),
      SATS_ONLY,
    ),
  ).toMatchObject({
    reason: "too_many_inputs",
  });
});

const anAmount: fc.Arbitrary<AssetAmount> = fc.record({
  assetId: fc.constantFrom(USD, EUR, "cc".repeat(34)),
  amount: fc.bigInt({ min: 1n, max: 200n }),
});
const aCoin = fc
  .record({
    amountSats: fc.oneof(fc.constant(330n), fc.bigInt({ min: 330n, max: 3_000n })),
    assets: fc.uniqueArray(anAmount, { maxLength: 3, selector: ({ assetId }) => assetId }),
  })
  .map(({ amountSats, assets }) => ({ ...coin(amountSats), assets: sumAssets([{ assets }]) }));
const someRules = fc.record({
  targetSats: fc.bigInt({ min: 340n, max: 5_000n }),
  targetAsset: fc.option(fc.record({ assetId: fc.constant(USD), amount: fc.bigInt({ min: 1n, max: 400n }) }), {
    nil: undefined,
  }),
  maxAssetsPerOutput: fc.constantFrom(1, 2, 110),
  dustToRecipient: fc.boolean(),
});

it("covers units, sats and carriers within the rules, the same way for the same coins in any order", () => {
  fc.assert(
    fc.property(fc.array(aCoin, { minLength: 1, maxLength: 12 }), someRules, (candidates, varied) => {
      const rules = { ...RULES, ...varied, maxInputs: 8 };
      const selection = selectTransferCoins(candidates, rules);
      expect(selectTransferCoins(candidates.toReversed(), rules)).toEqual(selection);
      if (!selection.ok) return;
      const { coins } = selection;
      expect(coins.length).toBeLessThanOrEqual(8);
      expect(new Set(coins.map(({ vtxoId }) => vtxoId)).size).toBe(coins.length);
      const taken = rules.targetAsset === undefined ? [] : [rules.targetAsset];
      const kept = subtractAssets(sumAssets(coins), taken);
      const changeSats = sumSats(coins) - rules.targetSats;
      const carriers = BigInt(Math.ceil(kept.length / rules.maxAssetsPerOutput));
      expect(changeSats).toBeGreaterThanOrEqual(carriers * 330n);
      if (!rules.dustToRecipient) expect(changeSats === 0n || changeSats >= 330n).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

it("takes no more coins of the asset than its units need while plain sats are plenty", () => {
  fc.assert(
    fc.property(
      fc.array(aCoin, { minLength: 1, maxLength: 12 }),
      fc.bigInt({ min: 1n, max: 600n }),
      (candidates, amount) => {
        const targetAsset = { assetId: USD, amount };
        const selection = selectTransferCoins([...candidates, coin(1_000_000n)], {
          ...RULES,
          targetAsset,
          maxInputs: 20,
        });
        const total = candidates.reduce((sum, each) => sum + unitsOf(each), 0n);
        expect(selection.ok).toBe(total >= amount);
        if (!selection.ok) return;
        expect(selection.coins.filter((each) => unitsOf(each) > 0n)).toHaveLength(fewestFor(candidates, targetAsset));
      },
    ),
    { numRuns: 500 },
  );
});

// Not the other way round: coins that carry many assets may need more sats for them than they have, and others do without.
it("finds the sats whenever all coins together have them", () => {
  fc.assert(
    fc.property(fc.array(aCoin, { minLength: 1, maxLength: 12 }), someRules, (candidates, varied) => {
      const rules = { ...RULES, ...varied, dustToRecipient: true, maxInputs: 20 };
      if (useExactCoins(candidates, rules).ok) expect(selectTransferCoins(candidates, rules).ok).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

function unitsOf({ assets }: AssetCoin): bigint {
  return assets.find(({ assetId }) => assetId === USD)?.amount ?? 0n;
}

function sumSats(coins: readonly AssetCoin[]): bigint {
  return coins.reduce((sum, { amountSats }) => sum + amountSats, 0n);
}

function fewestFor(candidates: readonly AssetCoin[], { amount }: AssetAmount): number {
  const units = candidates.map(unitsOf).toSorted((a, b) => (a > b ? -1 : 1));
  let sum = 0n;
  return units.findIndex((each) => (sum += each) >= amount) + 1;
}
