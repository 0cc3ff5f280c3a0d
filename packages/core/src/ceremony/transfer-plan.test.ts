import fc from "fast-check";

import type { AssetAmount } from "../ark/asset-types";
import { buildArkTx } from "../ark/build-ark-tx";
import { sumAssets } from "../ark/sum-assets";
import { vtxoScriptFor } from "../ark/vtxo-script";
import type { MovingIntent, SplitIntent, TransferIntent } from "../session/session";
import { ALICE, aVtxo, BOB, GATEWAY, TEST_ARK_PARAMS, type TestKey } from "../testing/ark-transfer";
import { thrownBy } from "../testing/thrown-by";
import { selectTransferCoins } from "../vtxo/select-transfer-coins";
import { GBTC, type Vtxo, type VtxoScriptRow } from "../vtxo/vtxo";
import { planTransfer, type PlanCoin } from "./transfer-plan";
import { coInputFeeSatsOf, recipientSumsOf } from "./transfer-sums";

const USD = "aa".repeat(34);
const EUR = "bb".repeat(34);
const OIL = "cc".repeat(34);

function scriptOf(key: TestKey): VtxoScriptRow {
  const { script, tapTree } = vtxoScriptFor(key.pubkey, TEST_ARK_PARAMS, "regtest");
  const { signerPubkey, exitDelay } = TEST_ARK_PARAMS;
  return {
    id: 1n,
    ownerPubkey: key.pubkey,
    signerPubkey,
    exitDelay,
    script,
    tapTree,
    kind: "user",
    syncedAt: undefined,
  };
}

function coinOf(key: TestKey, name: string, amountSats: bigint, assets: readonly AssetAmount[] = []): PlanCoin {
  const { vtxoId, txid, vout } = aVtxo(key, amountSats, name);
  const vtxo: Vtxo = {
    id: 1n,
    vtxoId,
    txid,
    vout,
    scriptId: 1n,
    ownerPubkey: key.pubkey,
    kind: "user",
    assetId: assets.length === 0 ? GBTC : null,
    amountSats,
    assets,
    status: "assigned",
    expiresAt: null,
    createdAt: new Date(0),
    commitmentTxids: [],
    spendingTxid: undefined,
    lockedBy: undefined,
    lockedUntil: undefined,
  };
  return { vtxo, script: scriptOf(key) };
}

function anIntent(fields: Partial<TransferIntent>): TransferIntent {
  return {
    actionId: "an-action",
    type: "p2p_transfer",
    assetId: "gUSD",
    arkAssetId: USD,
    amount: 20n,
    amountSats: 330n,
    recipientPubkey: BOB.pubkey,
    feeAssetId: GBTC,
    feeAmount: 10n,
    sourceVtxos: undefined,
    dustPolicy: "reject",
    expiresAt: new Date(0),
    content: {},
    ...fields,
  };
}

const coInput = coinOf(GATEWAY, "co-input", 1_000n);

/** Alice's own, into parts of these units (or sats). */
function aSplit(partAmounts: readonly bigint[], fields: Partial<SplitIntent> = {}): SplitIntent {
  const amount = partAmounts.reduce((sum, each) => sum + each, 0n);
  const amountSats = 330n * BigInt(partAmounts.length);
  const { type: _type, ...base } = anIntent({ recipientPubkey: ALICE.pubkey, dustPolicy: "to_recipient" });
  return { ...base, type: "vtxo_split", amount, amountSats, partAmounts, ...fields };
}

function planFor(intent: MovingIntent, coins: readonly PlanCoin[], maxAssetsPerOutput = 110) {
  return planTransfer({
    intent,
    coins,
    coInput,
    dustSats: 330n,
    maxAssetsPerOutput,
    recipientScript: scriptOf(intent.recipientPubkey === BOB.pubkey ? BOB : ALICE),
    changeScript: scriptOf(ALICE),
    feeReturnScript: scriptOf(GATEWAY),
  });
}

it("gives the recipient its units on the least sats, and the sender all the rest in one output", () => {
  const mixed = coinOf(ALICE, "mixed", 5_000n, [
    { assetId: USD, amount: 50n },
    { assetId: EUR, amount: 7n },
  ]);
  expect(planFor(anIntent({}), [mixed]).planned).toMatchObject([
    { role: "recipient", ownerPubkey: BOB.pubkey, amountSats: 330n, assets: [{ assetId: USD, amount: 20n }] },
    {
      role: "change",
      ownerPubkey: ALICE.pubkey,
      amountSats: 4_660n,
      assets: [
        { assetId: USD, amount: 30n },
        { assetId: EUR, amount: 7n },
      ],
    },
    { role: "fee_return", ownerPubkey: GATEWAY.pubkey, amountSats: 1_010n },
  ]);
});

it("sends the carrier along when the units and the fee leave nothing", () => {
  const emptied = coinOf(ALICE, "emptied", 340n, [{ assetId: USD, amount: 20n }]);
  const { planned } = planFor(anIntent({}), [emptied]);
  expect(planned.map(({ role, amountSats }) => [role, amountSats])).toEqual([
    ["recipient", 330n],
    ["fee_return", 1_010n],
  ]);
});

it("spreads a change of more assets than a VTXO may carry", () => {
  const mixed = coinOf(ALICE, "mixed", 1_400n, [
    { assetId: USD, amount: 50n },
    { assetId: EUR, amount: 7n },
    { assetId: OIL, amount: 1n },
  ]);
  const { planned } = planFor(anIntent({}), [mixed], 2);
  expect(planned.filter(({ role }) => role === "change")).toMatchObject([
    { amountSats: 730n, assets: [{ assetId: USD }, { assetId: EUR }] },
    { amountSats: 330n, assets: [{ assetId: OIL, amount: 1n }] },
  ]);
});

const shapeOf = ({ planned }: ReturnType<typeof planFor>) =>
  planned.map(({ role, amountSats, assets = [] }) => [role, amountSats, ...assets.map(({ amount }) => amount)]);

it("makes one output of each part of a split, in their order, and change of the rest", () => {
  const sats = aSplit([5_000n, 330n, 5_000n], { arkAssetId: undefined, assetId: GBTC, amountSats: 10_330n });
  expect(shapeOf(planFor(sats, [coinOf(ALICE, "sats", 20_000n)]))).toEqual([
    ["recipient", 5_000n],
    ["recipient", 330n],
    ["recipient", 5_000n],
    ["change", 9_660n],
    ["fee_return", 1_010n],
  ]);
  const mixed = coinOf(ALICE, "mixed", 2_000n, [
    { assetId: USD, amount: 50n },
    { assetId: EUR, amount: 7n },
  ]);
  expect(shapeOf(planFor(aSplit([20n, 1n]), [mixed]))).toEqual([
    ["recipient", 330n, 20n],
    ["recipient", 330n, 1n],
    ["change", 1_330n, 29n, 7n],
    ["fee_return", 1_010n],
  ]);
});

it("leaves sats below dust under the first part of a split of units, and refuses them beside parts in sats", () => {
  const units = coinOf(ALICE, "units", 770n, [{ assetId: USD, amount: 21n }]);
  expect(shapeOf(planFor(aSplit([20n, 1n]), [units]))).toEqual([
    ["recipient", 430n, 20n],
    ["recipient", 330n, 1n],
    ["fee_return", 1_010n],
  ]);
  const sats = aSplit([500n, 500n], { arkAssetId: undefined, assetId: GBTC, amountSats: 1_000n, dustPolicy: "reject" });
  expect(thrownBy(() => planFor(sats, [coinOf(ALICE, "sats", 1_110n)]))).toMatchObject({
    code: "amount_below_minimum",
  });
});

const aCoin = fc
  .record({
    amountSats: fc.bigInt({ min: 330n, max: 3_000n }),
    assets: fc.uniqueArray(
      fc.record({ assetId: fc.constantFrom(USD, EUR, OIL), amount: fc.bigInt({ min: 1n, max: 200n }) }),
      { maxLength: 3, selector: ({ assetId }) => assetId },
    ),
  })
  .map(({ amountSats, assets }) => ({ amountSats, assets: sumAssets([{ assets }]) }));

it("makes a transaction in which every sat and every unit is accounted for, whatever coins were selected", () => {
  let planned = 0;
  fc.assert(
    fc.property(
      fc.array(aCoin, { minLength: 1, maxLength: 8 }),
      fc.option(fc.bigInt({ min: 1n, max: 300n }), { nil: undefined }),
      fc.boolean(),
      fc.constantFrom(1, 2, 110),
      (drawn, units, dustToRecipient, maxAssetsPerOutput) => {
        const intent = anIntent({
          dustPolicy: dustToRecipient ? "to_recipient" : "reject",
          ...(units === undefined
            ? { assetId: GBTC, arkAssetId: undefined, amount: 700n, amountSats: 700n }
            : { amount: units }),
        });
        const wanted = recipientSumsOf(intent);
        const coins = drawn.map(({ amountSats, assets }, index) => coinOf(ALICE, `drawn ${index}`, amountSats, assets));
        const selection = selectTransferCoins(
          coins.map(({ vtxo }) => vtxo),
          {
            targetSats: wanted.sats + coInputFeeSatsOf(intent),
            targetAsset: wanted.assets[0],
            maxAssetsPerOutput,
            dustSats: 330n,
            maxInputs: 6,
            dustToRecipient,
          },
        );
        if (!selection.ok) return;
        const chosen = coins.filter(({ vtxo }) => selection.coins.includes(vtxo));
        const plan = planFor(intent, chosen, maxAssetsPerOutput);
        // It throws unless sats in equal sats out, units in equal units out, and every output is at least dust.
        expect(buildArkTx(TEST_ARK_PARAMS, plan.inputs, plan.outputs).txid).toHaveLength(64);
        const [recipient, ...others] = plan.planned;
        expect(sumAssets([recipient ?? {}])).toEqual(wanted.assets);
        expect(sumAssets(plan.planned)).toEqual(sumAssets(chosen.map(({ vtxo }) => vtxo)));
        expect(others.every(({ ownerPubkey }) => ownerPubkey !== BOB.pubkey)).toBe(true);
        expect(plan.planned.every(({ assets = [] }) => assets.length <= Math.max(1, maxAssetsPerOutput))).toBe(true);
        planned += 1;
      },
    ),
    { numRuns: 60 },
  );
  expect(planned).toBeGreaterThan(10);
});

it("splits so that the parts are what was asked for and every sat and every unit is accounted for", () => {
  fc.assert(
    fc.property(
      aCoin,
      fc.array(fc.bigInt({ min: 330n, max: 900n }), { minLength: 2, maxLength: 20 }),
      fc.boolean(),
      (drawn, parts, inUnits) => {
        const total = parts.reduce((sum, each) => sum + each, 0n);
        const sats = aSplit(parts, { arkAssetId: undefined, assetId: GBTC, amountSats: total });
        const intent = inUnits ? aSplit(parts) : sats;
        const neededSats = intent.amountSats + 10n + 330n * BigInt(drawn.assets.length + 1);
        const assets = sumAssets([drawn, { assets: inUnits ? [{ assetId: USD, amount: total }] : [] }]);
        const coin = coinOf(ALICE, "drawn", neededSats + drawn.amountSats, assets);
        const plan = planFor(intent, [coin]);
        expect(buildArkTx(TEST_ARK_PARAMS, plan.inputs, plan.outputs).txid).toHaveLength(64);
        const made = plan.planned.filter(({ role }) => role === "recipient");
        expect(made.map((each) => (inUnits ? each.assets?.[0]?.amount : each.amountSats))).toEqual(parts);
        expect(plan.planned.slice(0, -1).every(({ ownerPubkey }) => ownerPubkey === ALICE.pubkey)).toBe(true);
        expect(sumAssets(plan.planned)).toEqual(assets);
      },
    ),
    { numRuns: 60 },
  );
});
