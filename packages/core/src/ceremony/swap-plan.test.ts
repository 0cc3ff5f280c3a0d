import fc from "fast-check";

import type { AssetAmount } from "../ark/asset-types";
import { buildArkTx } from "../ark/build-ark-tx";
import { sumAssets } from "../ark/sum-assets";
import { vtxoScriptFor } from "../ark/vtxo-script";
import { TEST_ARK_PARAMS, testKey } from "../testing/ark-transfer";
import { selectSwapCoins, type SwapRules } from "../vtxo/select-swap-coins";
import type { Vtxo, VtxoScriptRow } from "../vtxo/vtxo";
import { planSwap, satsOfLegs, unitsOfLegs, type SwapPlanMember } from "./swap-plan";

const DUST = 330n;
const FEE = 10n;
const ASSETS = ["usd", "eur"].map((name) => `${testKey(name).pubkey}0000`);

function scriptRow(owner: string): VtxoScriptRow {
  const info = vtxoScriptFor(owner, TEST_ARK_PARAMS, "regtest");
  const { signerPubkey, exitDelay } = TEST_ARK_PARAMS;
  return { ...info, id: 1n, signerPubkey, exitDelay, kind: "user", firstSeen: new Date(0) } as unknown as VtxoScriptRow;
}

let coins = 0;
function coin(amountSats: bigint, assets: readonly AssetAmount[] = []): Vtxo {
  const txid = testKey(`plan coin ${coins++}`).pubkey;
  return { vtxoId: `${txid}:0`, txid, vout: 0, amountSats, assets, expiresAt: null } as unknown as Vtxo;
}

const units = fc.bigInt({ min: 1n, max: 500n });
const holding = fc.record({
  sats: fc.bigInt({ min: DUST, max: 5_000n }),
  assets: fc.dictionary(fc.constantFrom(...ASSETS), units),
});
const side = fc.record({
  holdings: fc.array(holding, { minLength: 1, maxLength: 5 }),
  give: fc.dictionary(fc.constantFrom("gBTC", ...ASSETS), units, { minKeys: 1 }),
});

/** The legs of a name; gBTC has no id at arkd. */
const legsOf = (amounts: Readonly<Record<string, bigint>>) =>
  Object.entries(amounts).map(([assetId, amount]) => ({
    assetId,
    arkAssetId: assetId === "gBTC" ? undefined : assetId,
    amount,
  }));

const rulesOf = (give: ReturnType<typeof legsOf>, receive: ReturnType<typeof legsOf>): SwapRules => ({
  give: unitsOfLegs(give),
  giveSats: satsOfLegs(give),
  receiveSats: satsOfLegs(receive),
  receivedAssets: unitsOfLegs(receive).length,
  feeSats: FEE,
  dustSats: DUST,
  maxAssetsPerOutput: 1,
  maxInputs: 20,
});

it("plans every pair whose coins suffice: exact legs, no sat or unit lost, every output above dust", () => {
  let planned = 0;
  fc.assert(
    fc.property(side, side, (first, second) => {
      const gives = [legsOf(first.give), legsOf(second.give)];
      const owners = [testKey("plan owner 0"), testKey("plan owner 1")];
      const members: SwapPlanMember[] = [];
      for (const [index, { holdings }] of [first, second].entries()) {
        const [give = [], receive = []] = [gives[index], gives[1 - index]];
        const candidates = holdings.map(({ sats, assets }) =>
          coin(
            sats,
            Object.entries(assets).map(([assetId, amount]) => ({ assetId, amount })),
          ),
        );
        const selected = selectSwapCoins(candidates, rulesOf(give, receive));
        if (!selected.ok) return;
        const script = scriptRow(owners[index]?.pubkey ?? "");
        members.push({
          intent: { give, receive, feeAmount: FEE },
          coins: selected.coins.map((vtxo) => ({ vtxo, script })),
          script,
        });
      }
      planned++;
      const fee = testKey("plan fee");
      const coInput = { vtxo: coin(1_000n), script: scriptRow(fee.pubkey) };
      const plan = planSwap({
        members,
        coInput,
        feeReturnScript: scriptRow(fee.pubkey),
        dustSats: DUST,
        maxAssetsPerOutput: 1,
      });
      // It is a transaction: sats and units in and out are the same, and nothing is below arkd's limits.
      expect(buildArkTx(TEST_ARK_PARAMS, plan.inputs, plan.outputs).txid).toMatch(/^[0-9a-f]{64}$/);
      for (const { intent, coins: used, script } of members) {
        const own = plan.planned.filter(({ ownerPubkey }) => ownerPubkey === script.ownerPubkey);
        const satsIn = used.reduce((sum, { vtxo }) => sum + vtxo.amountSats, 0n);
        const satsOut = own.reduce((sum, { amountSats }) => sum + amountSats, 0n);
        expect(satsOut).toBe(satsIn - satsOfLegs(intent.give) + satsOfLegs(intent.receive) - FEE);
        const out = sumAssets(own);
        const balance = (amounts: readonly AssetAmount[], assetId: string): bigint =>
          amounts.find((each) => each.assetId === assetId)?.amount ?? 0n;
        for (const assetId of ASSETS) {
          const held = balance(sumAssets(used.map(({ vtxo }) => vtxo)), assetId);
          const moved = balance(unitsOfLegs(intent.receive), assetId) - balance(unitsOfLegs(intent.give), assetId);
          expect(balance(out, assetId)).toBe(held + moved);
        }
      }
      expect(plan.planned.at(-1)).toMatchObject({ role: "fee_return", amountSats: 1_000n + 2n * FEE });
    }),
    { numRuns: 400 },
  );
  expect(planned).toBeGreaterThan(40);
});

it("says what is short: units first, then sats for what is given, the fee and the carriers", () => {
  const [usd = ""] = ASSETS;
  const give = legsOf({ [usd]: 100n });
  const receive = legsOf({ gBTC: 500n });
  const select = (...held: readonly Vtxo[]) => selectSwapCoins(held, rulesOf(give, receive));
  expect(select(coin(5_000n, [{ assetId: usd, amount: 99n }]))).toMatchObject({
    ok: false,
    shortage: { assetId: usd, required: 100n, available: 99n },
  });
  // Half of the units stay, so they and what is received stand on 330 sats at least.
  expect(select(coin(330n, [{ assetId: usd, amount: 200n }]))).toMatchObject({ ok: true });
  const both = legsOf({ gBTC: 500n, [usd]: 1n });
  expect(selectSwapCoins([coin(400n)], rulesOf(both, legsOf({ [ASSETS[1] ?? ""]: 1n })))).toMatchObject({
    ok: false,
    shortage: { assetId: usd },
  });
  const sats = legsOf({ gBTC: 500n });
  expect(selectSwapCoins([coin(839n)], rulesOf(sats, legsOf({ [usd]: 1n })))).toMatchObject({
    ok: false,
    shortage: { assetId: undefined, required: 840n, available: 839n },
  });
});
