import { sumAssets } from "../ark/sum-assets";
import { planBatchOutputs } from "./batch-outputs";

const SCRIPT = `5120${"ab".repeat(32)}`;
const RULES = { script: SCRIPT, feeSats: 0n, dustSats: 330n, vtxoMaxSats: undefined, carrierSats: 1_000n };
const GOLD = `${"01".repeat(32)}0000`;
const SILVER = `${"02".repeat(32)}0000`;
const coin = (amountSats: bigint, ...assets: { assetId: string; amount: bigint }[]) => ({ amountSats, assets });
const sum = (outputs: readonly { readonly amountSats: bigint }[] = []) =>
  outputs.reduce((total, { amountSats }) => total + amountSats, 0n);

describe("what the treasury gets of a batch", () => {
  it("is one output of all sats but the fee", () => {
    const outputs = planBatchOutputs([coin(5_000n), coin(700n)], { ...RULES, feeSats: 24n });
    expect(outputs).toEqual([{ script: SCRIPT, amountSats: 5_676n }]);
  });

  it("is an output for each asset, and one for the other sats", () => {
    const inputs = [
      coin(5_000n, { assetId: GOLD, amount: 5n }),
      coin(2_000n, { assetId: SILVER, amount: 1n }),
      coin(1_000n, { assetId: GOLD, amount: 2n }),
    ];
    const outputs = planBatchOutputs(inputs, RULES) ?? [];
    expect(outputs.map(({ amountSats, assets = [] }) => [amountSats, assets.length])).toEqual([
      [1_000n, 1],
      [1_000n, 1],
      [6_000n, 0],
    ]);
    expect(sum(outputs)).toBe(sum(inputs));
    expect(sumAssets(outputs.map(({ assets = [] }) => ({ assets })))).toEqual(sumAssets(inputs));
  });

  it("puts all sats under the units when they are just enough for that", () => {
    const inputs = [coin(700n, { assetId: GOLD, amount: 5n }, { assetId: SILVER, amount: 1n })];
    expect(planBatchOutputs(inputs, RULES)?.map(({ amountSats }) => amountSats)).toEqual([370n, 330n]);
    expect(planBatchOutputs(inputs, { ...RULES, feeSats: 41n })).toBeUndefined();
  });

  it("is nothing when it would be dust", () => {
    expect(planBatchOutputs([coin(400n)], { ...RULES, feeSats: 71n })).toBeUndefined();
    expect(planBatchOutputs([coin(400n)], { ...RULES, feeSats: 70n })).toHaveLength(1);
  });

  it("is cut into pieces that arkd allows, none of them dust", () => {
    for (const sats of [1_000n, 1_001n, 2_000n, 2_100n, 3_329n, 3_330n]) {
      const outputs = planBatchOutputs([coin(sats)], { ...RULES, vtxoMaxSats: 1_000n }) ?? [];
      expect(sum(outputs)).toBe(sats);
      for (const { amountSats } of outputs) {
        expect(amountSats).toBeLessThanOrEqual(1_000n);
        expect(amountSats).toBeGreaterThanOrEqual(330n);
      }
    }
  });
});
