import { buildArkTx } from "../ark/build-ark-tx";
import { vtxoScriptFor } from "../ark/vtxo-script";
import { ALICE, aVtxo, GATEWAY, TEST_ARK_PARAMS, type TestKey } from "../testing/ark-transfer";
import { GBTC, type Vtxo, type VtxoScriptRow } from "../vtxo/vtxo";
import { partedPayoutOutputs, stockPayoutOutputs, wholeOutput } from "./payout-outputs";

const GOLD = `${"aa".repeat(32)}0000`;
const SILVER = `${"bb".repeat(32)}0100`;

const scriptOf = (key: TestKey): VtxoScriptRow => ({
  ...vtxoScriptFor(key.pubkey, TEST_ARK_PARAMS, "regtest"),
  ...TEST_ARK_PARAMS,
  id: 1n,
  kind: "stock",
  syncedAt: undefined,
});

let coins = 0;
function stock(amountSats: bigint, units = 0n): Vtxo {
  const { txid, vout, vtxoId } = aVtxo(GATEWAY, amountSats, `stock ${coins++}`);
  return {
    id: 1n,
    vtxoId,
    txid,
    vout,
    scriptId: 1n,
    ownerPubkey: GATEWAY.pubkey,
    kind: "stock",
    assetId: units === 0n ? GBTC : GOLD,
    amountSats,
    assets: units === 0n ? [] : [{ assetId: GOLD, amount: units }],
    status: "available",
    expiresAt: null,
    createdAt: new Date(0),
    commitmentTxids: [],
    spendingTxid: undefined,
    lockedBy: undefined,
    lockedUntil: undefined,
  };
}

/** Sats and units of every output, in order; what arkd would refuse or burn does not get this far. */
function payOut(units: bigint, from: readonly Vtxo[], outputCount = 1) {
  const payout = { ...scriptOf(ALICE), amount: units, amountSats: 1_000n, outputCount };
  const rules = { arkAssetId: GOLD, dustSats: 330n, changeScript: scriptOf(GATEWAY) };
  const outputs = stockPayoutOutputs(payout, from, rules);
  const inputs = from.map(({ vtxoId, txid, vout, amountSats, assets }) => ({
    ...TEST_ARK_PARAMS,
    vtxoId,
    txid,
    vout,
    amountSats,
    ownerPubkey: GATEWAY.pubkey,
    assets,
  }));
  buildArkTx(TEST_ARK_PARAMS, inputs, outputs);
  return outputs.map(({ amountSats, assets = [] }) => [amountSats, assets[0]?.amount ?? 0n]);
}

it.each([
  ["goes whole when it fits", 50n, [stock(1_000n, 50n)], [[1_000n, 50n]]],
  [
    "leaves plain sats plain when all units are paid",
    50n,
    [stock(1_000n, 20n), stock(1_000n, 30n)],
    [
      [1_000n, 50n],
      [1_000n, 0n],
    ],
  ],
  [
    "keeps the units that are left on a carrier of their own, apart from plain stock that was added",
    50n,
    [stock(1_000n, 80n), stock(100_000n)],
    [
      [1_000n, 50n],
      [1_000n, 30n],
      [99_000n, 0n],
    ],
  ],
  [
    "keeps them on all sats that are left when those make no two outputs",
    50n,
    [stock(1_000n, 80n), stock(1_200n)],
    [
      [1_000n, 50n],
      [1_200n, 30n],
    ],
  ],
] as const)("a payment in units %s", (_name, units, from, expected) => {
  expect(payOut(units, from)).toEqual(expected);
});

it("what goes back whole takes every asset along", () => {
  const assets = [
    { assetId: GOLD, amount: 7n },
    { assetId: SILVER, amount: 9n },
  ];
  expect(wholeOutput("change", { amountSats: 1_000n, assets }, scriptOf(GATEWAY))).toMatchObject({
    amountSats: 1_000n,
    assets,
  });
});

it("a fan-out pays each of its outputs the same, and what is left once", () => {
  expect(payOut(10n, [stock(1_000n, 100n), stock(9_000n)], 3)).toEqual([
    [1_000n, 10n],
    [1_000n, 10n],
    [1_000n, 10n],
    [1_000n, 70n],
    [6_000n, 0n],
  ]);
});

describe("outputs that differ", () => {
  const SILVER_STOCK: Vtxo = { ...stock(1_000n), assetId: SILVER, assets: [{ assetId: SILVER, amount: 40n }] };
  const parts = [
    { amountSats: 5_000n, assets: [] },
    {
      amountSats: 330n,
      assets: [
        { assetId: GOLD, amount: 7n },
        { assetId: SILVER, amount: 9n },
      ],
    },
  ];
  const rules = { dustSats: 330n, changeScript: scriptOf(GATEWAY) };
  const show = (from: readonly Vtxo[]) =>
    partedPayoutOutputs(scriptOf(ALICE), parts, from, rules).map(({ role, amountSats, assets = [] }) => [
      role,
      amountSats,
      ...assets.map(({ amount }) => amount),
    ]);

  test("each part is an output, units that are left part by asset, and sats that are left go on their own", () => {
    expect(show([stock(1_000n, 100n), SILVER_STOCK, stock(10_000n)])).toEqual([
      ["recipient", 5_000n],
      ["recipient", 330n, 7n, 9n],
      ["change", 330n, 93n],
      ["change", 330n, 31n],
      ["change", 6_010n],
    ]);
  });

  test("sats too few for an output of their own stay with units that are left", () => {
    expect(show([stock(1_000n, 100n), SILVER_STOCK, stock(4_200n)])).toEqual([
      ["recipient", 5_000n],
      ["recipient", 330n, 7n, 9n],
      ["change", 540n, 93n],
      ["change", 330n, 31n],
    ]);
  });

  test("what fits exactly leaves nothing", () => {
    const exact = { ...SILVER_STOCK, assets: [{ assetId: SILVER, amount: 9n }] };
    expect(show([stock(1_000n, 7n), exact, stock(3_330n)])).toEqual([
      ["recipient", 5_000n],
      ["recipient", 330n, 7n, 9n],
    ]);
  });

  test("stock that lacks the carriers of what is left is a bug of whoever chose it", () => {
    expect(() => show([stock(1_000n, 100n), SILVER_STOCK, stock(3_330n)])).toThrow();
  });
});
