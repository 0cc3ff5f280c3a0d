import fc from "fast-check";

import { selectCoins, type Coin, type SelectionRules } from "./select-coins";

const RULES: SelectionRules = { targetSats: 1_000n, dustSats: 330n, maxInputs: 5, dustToRecipient: false };

const coins = (...amounts: readonly bigint[]): Coin[] =>
  amounts.map((amountSats, index) => ({
    vtxoId: `${"0".repeat(63)}${index}:0`,
    amountSats,
    expiresAt: new Date(index * 1_000),
  }));

it("takes the choice with the least change", () => {
  expect(selectCoins(coins(5_000n, 700n, 300n, 1_400n), RULES)).toMatchObject({ ok: true, changeSats: 0n });
});

it("takes the coin nearest to its expiry when two choices leave the same change", () => {
  const [early, late] = coins(2_000n, 2_000n);
  const selection = selectCoins(
    [late, early].flatMap((coin) => coin ?? []),
    RULES,
  );
  expect(selection).toMatchObject({ ok: true, coins: [early] });
});

it("avoids a change that is below dust where another choice exists", () => {
  expect(selectCoins(coins(1_100n, 2_000n), RULES)).toMatchObject({ ok: true, changeSats: 1_000n });
});

it("adds a second coin to lift the change over dust", () => {
  expect(selectCoins(coins(1_100n, 400n), RULES)).toMatchObject({ ok: true, changeSats: 500n });
});

it("refuses a dust change that cannot be avoided, and gives it to the recipient when the intent says so", () => {
  expect(selectCoins(coins(1_100n), RULES)).toMatchObject({ ok: false, reason: "dust_change", changeSats: 100n });
  expect(selectCoins(coins(1_100n), { ...RULES, dustToRecipient: true })).toMatchObject({ ok: true, changeSats: 100n });
});

it("says what is there when it does not reach, and when it takes too many inputs", () => {
  expect(selectCoins(coins(400n, 500n), RULES)).toEqual({ ok: false, reason: "insufficient", availableSats: 900n });
  const small = coins(...Array.from({ length: 10 }, () => 150n));
  expect(selectCoins(small, RULES)).toEqual({ ok: false, reason: "too_many_inputs" });
});

it("always covers the target within the rules, the same way for the same coins in any order", () => {
  const amounts = fc.array(fc.bigInt({ min: 330n, max: 100_000n }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      amounts,
      fc.bigInt({ min: 330n, max: 200_000n }),
      fc.boolean(),
      (values, targetSats, dustToRecipient) => {
        const rules = { ...RULES, targetSats, maxInputs: 20, dustToRecipient };
        const candidates = coins(...values);
        const selection = selectCoins(candidates, rules);
        expect(selectCoins(candidates.toReversed(), rules)).toEqual(selection);
        const available = values.reduce((total, value) => total + value, 0n);
        if (!selection.ok) {
          if (selection.reason === "insufficient") expect(available).toBeLessThan(targetSats);
          return;
        }
        const chosen = selection.coins.reduce((total, coin) => total + coin.amountSats, 0n);
        expect(chosen - targetSats).toBe(selection.changeSats);
        expect(selection.coins.length).toBeLessThanOrEqual(20);
        expect(new Set(selection.coins.map((coin) => coin.vtxoId)).size).toBe(selection.coins.length);
        if (!dustToRecipient) expect(selection.changeSats === 0n || selection.changeSats >= 330n).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});
