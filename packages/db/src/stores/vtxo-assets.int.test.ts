import type { AssetAmount } from "@arkrelay/core/ark/asset-types";
import { vtxoScriptFor } from "@arkrelay/core/ark/vtxo-script";
import { choosePayoutCoins } from "@arkrelay/core/payout/choose-payout-coins";
import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";
import { ALICE, GATEWAY, TEST_ARK_PARAMS, testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { availableBalance } from "@arkrelay/core/vtxo/available-balance";
import { bookFinalTx } from "@arkrelay/core/vtxo/book-final-tx";
import { GBTC, type VtxoKind, type VtxoScriptRow } from "@arkrelay/core/vtxo/vtxo";

import { readText } from "../row";
import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleAssetStore } from "./asset-store";
import { DrizzleVtxoStore } from "./vtxo-store";

let test: TestDatabase;
let store: DrizzleVtxoStore;

beforeAll(async () => {
  test = await openTestDatabase();
  store = new DrizzleVtxoStore(test.database);
});
afterAll(() => test.close());
beforeEach(() => test.empty());

const GOLD = `${"aa".repeat(32)}0000`;
const SILVER = `${"bb".repeat(32)}0100`;
const UINT64_MAX = 2n ** 64n - 1n;
const EXPIRES_AT = new Date(Date.now() + 7 * 86_400_000);

const scriptOf = (owner: TestKey, kind: VtxoKind): Promise<VtxoScriptRow> =>
  test.database.transactions.run((tx) =>
    store.ensureScript(tx, { ...vtxoScriptFor(owner.pubkey, TEST_ARK_PARAMS, "regtest"), ...TEST_ARK_PARAMS, kind }),
  );

function aVtxo(script: VtxoScriptRow, name: string, amountSats: bigint, assets: readonly AssetAmount[] = []): ArkVtxo {
  const txid = testKey(name).pubkey;
  return {
    vtxoId: `${txid}:0`,
    txid,
    vout: 0,
    script: script.script,
    amountSats,
    createdAt: new Date(),
    expiresAt: EXPIRES_AT,
    isPreconfirmed: false,
    isSwept: false,
    isUnrolled: false,
    isSpent: false,
    spentBy: "",
    settledBy: "",
    arkTxid: "",
    commitmentTxids: [],
    assets,
  };
}

const write = (script: VtxoScriptRow, vtxos: readonly ArkVtxo[], from: "final" | "reconcile" = "reconcile") =>
  test.database.transactions.run((tx) =>
    store.upsert(
      tx,
      vtxos.map((vtxo) => ({ vtxo, script })),
      from,
    ),
  );

const gold = (amount: bigint): AssetAmount => ({ assetId: GOLD, amount });
const silver = (amount: bigint): AssetAmount => ({ assetId: SILVER, amount });

async function balances() {
  const rows = await store.sumBalances(ALICE.pubkey, new Date());
  return rows.map(({ assetId, balance, reserved, freeCarriers }) => ({ assetId, balance, reserved, freeCarriers }));
}

it.each(["final", "reconcile"] as const)("a VTXO written as %s comes back with every asset on it", async (from) => {
  const script = await scriptOf(ALICE, "user");
  const plain = aVtxo(script, "plain", 1_000n);
  const one = aVtxo(script, "one", 1_000n, [gold(UINT64_MAX)]);
  const two = aVtxo(script, "two", 1_000n, [silver(7n), gold(5n)]);
  await write(script, [plain, one, two], from);
  const rows = await store.listByIds(
    undefined,
    [plain, one, two].map(({ vtxoId }) => vtxoId),
  );
  expect(new Map(rows.map(({ vtxoId, assetId, assets }) => [vtxoId, { assetId, assets }]))).toEqual(
    new Map([
      [plain.vtxoId, { assetId: GBTC, assets: [] }],
      [one.vtxoId, { assetId: GOLD, assets: [gold(UINT64_MAX)] }],
      [two.vtxoId, { assetId: null, assets: [gold(5n), silver(7n)] }],
    ]),
  );
});

it("a balance counts the units of each asset, and every sat as gBTC", async () => {
  const script = await scriptOf(ALICE, "user");
  const locked = aVtxo(script, "locked", 1_000n, [gold(30n)]);
  await write(script, [
    aVtxo(script, "plain", 10_000n),
    aVtxo(script, "gold", 1_000n, [gold(20n)]),
    aVtxo(script, "both", 1_000n, [gold(5n), silver(7n)]),
    locked,
  ]);
  await test.database.transactions.run((tx) => store.lockFree(tx, [locked.vtxoId], "session", EXPIRES_AT));
  expect(await balances()).toEqual([
    { assetId: GOLD, balance: 55n, reserved: 30n, freeCarriers: 0 },
    { assetId: SILVER, balance: 7n, reserved: 0n, freeCarriers: 0 },
    { assetId: GBTC, balance: 13_000n, reserved: 1_000n, freeCarriers: 2 },
  ]);
});

it("the sats that carry an asset are not available, and never make less than nothing", async () => {
  const script = await scriptOf(ALICE, "user");
  await write(script, [aVtxo(script, "gold", 330n, [gold(1n)]), aVtxo(script, "silver", 400n, [silver(1n)])]);
  const [, , sats] = await store.sumBalances(ALICE.pubkey, new Date());
  expect(sats && availableBalance(sats, 330n)).toBe(70n);
  expect(availableBalance({ balance: 330n, reserved: 330n, freeCarriers: 1 }, 330n)).toBe(0n);
});

it("somebody without VTXOs has no balances", async () => {
  expect(await balances()).toEqual([]);
});

it("spent and expired units are in no balance", async () => {
  const script = await scriptOf(ALICE, "user");
  await write(script, [
    { ...aVtxo(script, "spent", 1_000n, [gold(5n)]), isSpent: true, arkTxid: "cd".repeat(32) },
    { ...aVtxo(script, "old", 1_000n, [gold(5n)]), expiresAt: new Date(Date.now() - 1_000) },
  ]);
  expect(await balances()).toEqual([]);
});

it("a list by asset finds it beside others, a list of gBTC has plain VTXOs only", async () => {
  const script = await scriptOf(ALICE, "user");
  const [plain, one, two] = [
    aVtxo(script, "plain", 1_000n),
    aVtxo(script, "one", 1_000n, [gold(5n)]),
    aVtxo(script, "two", 1_000n, [gold(5n), silver(7n)]),
  ];
  await write(script, [plain, one, two]);
  const idsOf = async (assetId: string) =>
    new Set((await store.list({ ownerPubkey: ALICE.pubkey, assetId }, 10, undefined)).map(({ vtxoId }) => vtxoId));
  expect(await idsOf(GBTC)).toEqual(new Set([plain.vtxoId]));
  expect(await idsOf(GOLD)).toEqual(new Set([one.vtxoId, two.vtxoId]));
  expect(await idsOf(SILVER)).toEqual(new Set([two.vtxoId]));
});

it("a reconcile adds the assets that a row lacks, and then leaves it alone", async () => {
  const script = await scriptOf(ALICE, "user");
  const vtxo = aVtxo(script, "late", 1_000n, [gold(5n)]);
  await write(script, [{ ...vtxo, assets: [] }], "final");
  await write(script, [vtxo]);
  expect((await store.listByIds(undefined, [vtxo.vtxoId]))[0]).toMatchObject({ assetId: GOLD, assets: [gold(5n)] });
  await test.database.write("UPDATE vtxos SET seen_at = '2026-01-01'");
  await write(script, [vtxo]);
  const [row] = await test.database.select("SELECT CAST(seen_at AS CHAR) AS seen FROM vtxos");
  expect(row && readText(row, "seen").slice(0, 10)).toBe("2026-01-01");
});

it("a VTXO with an asset is never picked as plain stock, and is found as stock of its asset", async () => {
  const script = await scriptOf(GATEWAY, "stock");
  const carrier = aVtxo(script, "carrier", 5_000n, [gold(5n)]);
  await write(script, [carrier, aVtxo(script, "several", 5_000n, [gold(5n), silver(1n)])]);
  const any = { kind: "stock", minAmountSats: 1n, minExpiresAt: new Date(), count: 1 } as const;
  const pick = (query: typeof any & { readonly assetId?: string }) =>
    test.database.transactions.run((tx) => store.lockGateway(tx, query, "payout:1", EXPIRES_AT));
  expect(await pick(any)).toEqual([]);
  expect(await pick({ ...any, assetId: GOLD })).toMatchObject([{ vtxoId: carrier.vtxoId, assets: [gold(5n)] }]);
});

it("stock is found and summed up by the units it carries, whatever sats lie under them", async () => {
  const script = await scriptOf(GATEWAY, "stock");
  const [small, large] = [aVtxo(script, "small", 90_000n, [gold(5n)]), aVtxo(script, "large", 330n, [gold(50n)])];
  const others = [aVtxo(script, "plain", 700n), aVtxo(script, "both", 5_000n, [gold(500n), silver(1n)])];
  await write(script, [small, large, ...others]);
  const fresh = { minExpiresAt: new Date() };
  const pick = (minUnits: bigint) =>
    test.database.transactions.run((tx) =>
      store.lockGateway(
        tx,
        { ...fresh, kind: "stock", assetId: GOLD, minUnits, minAmountSats: 0n, count: 1 },
        "payout:1",
        EXPIRES_AT,
      ),
    );
  expect(await store.sumFree(undefined, "stock", fresh, GOLD)).toBe(55n);
  expect(await store.sumFree(undefined, "stock", fresh, SILVER)).toBe(0n);
  expect(await store.sumFree(undefined, "stock", fresh)).toBe(700n);
  expect(await pick(51n)).toEqual([]);
  expect(await pick(6n)).toMatchObject([{ vtxoId: large.vtxoId }]);
  expect(await pick(6n)).toEqual([]);
  expect(await pick(5n)).toMatchObject([{ vtxoId: small.vtxoId }]);
});

it("a payment in units takes what has them all, else several, and plain sats when those under them do not do", async () => {
  const script = await scriptOf(GATEWAY, "stock");
  await write(script, [
    aVtxo(script, "a", 1_000n, [gold(70n)]),
    aVtxo(script, "b", 1_000n, [gold(30n)]),
    aVtxo(script, "c", 1_000n, [gold(9n)]),
    aVtxo(script, "plain", 100_000n),
  ]);
  const choose = async (units: bigint) => {
    const wanted = {
      targetSats: 1_000n,
      units: [{ arkAssetId: GOLD, target: units }],
      dustSats: 330n,
      maxInputs: 3,
      freshness: { minExpiresAt: new Date() },
      lockedBy: "payout:1",
      held: [],
    };
    const coins = await test.database.transactions.run(async (tx) => {
      const chosen = await choosePayoutCoins(store, tx, wanted);
      await store.unlock(tx, "payout:1");
      return chosen;
    });
    return coins?.map(({ assets }) => assets[0]?.amount ?? 0n);
  };
  expect(await choose(70n)).toEqual([70n]);
  expect(await choose(100n)).toEqual([70n, 30n]);
  expect(await choose(109n)).toEqual([70n, 30n, 9n]);
  expect(await choose(50n)).toEqual([70n, 0n]);
  expect(await choose(110n)).toBeUndefined();
});

it("lists what an owner holds of an asset with the most units first, and no more than asked for", async () => {
  const user = await scriptOf(ALICE, "user");
  const few = aVtxo(user, "few", 9_000n, [gold(2n), silver(900n)]);
  const many = aVtxo(user, "many", 330n, [gold(70n)]);
  const some = aVtxo(user, "some", 500n, [gold(5n)]);
  await write(user, [few, many, some, aVtxo(user, "other", 90_000n, [silver(1n)])]);
  const list = async (limit: number) => {
    const rows = await store.listLiveWith(undefined, ALICE.pubkey, GOLD, limit);
    return rows.map(({ vtxoId }) => vtxoId);
  };
  expect(await list(10)).toEqual([many.vtxoId, some.vtxoId, few.vtxoId]);
  expect(await list(2)).toEqual([many.vtxoId, some.vtxoId]);
});

it("the registry counts what users hold of an asset by the id arkd gave it, and translates between it and our name", async () => {
  await test.database.write(
    `INSERT INTO assets (asset_id, name, ticker, asset_type, decimal_places, backing, ark_asset_id, status, created_at)
     VALUES ('gold', 'Gold', 'GLD', 'normal', 0, 'ark', ?, 'active', NOW(3))`,
    [GOLD],
  );
  const [user, stock] = [await scriptOf(ALICE, "user"), await scriptOf(GATEWAY, "stock")];
  await write(user, [aVtxo(user, "user 1", 1_000n, [gold(5n), silver(1n)]), aVtxo(user, "user 2", 1_000n, [gold(2n)])]);
  await write(stock, [aVtxo(stock, "stock", 1_000n, [gold(1_000n)])]);
  const registry = new DrizzleAssetStore(test.database);
  expect(await registry.describe("gold")).toMatchObject({ circulating: 7n, reserved: 0n });
  expect(await registry.describe(GBTC)).toMatchObject({ circulating: 2_000n });

  await test.database.transactions.run(async (tx) => {
    expect(await registry.find(tx, "gold")).toMatchObject({ arkAssetId: GOLD, backing: "ark", status: "active" });
  });
  expect(await registry.find(undefined, "unheard of")).toBeUndefined();
  expect(await registry.listByArkIds(undefined, [GOLD, SILVER])).toMatchObject([{ assetId: "gold" }]);
});

it("a final transaction books what its packet put on each output", async () => {
  const [alice, stock] = [await scriptOf(ALICE, "user"), await scriptOf(GATEWAY, "stock")];
  const input = aVtxo(stock, "input", 5_000n, [gold(50n)]);
  await write(stock, [input]);
  const txid = testKey("final").pubkey;
  const outputs = [
    { vout: 0, script: alice.script, amountSats: 330n, assets: [gold(20n)] },
    { vout: 1, script: stock.script, amountSats: 4_670n, assets: [gold(30n)] },
  ];
  const inputs = await store.listByIds(undefined, [input.vtxoId]);
  await test.database.transactions.run((tx) => bookFinalTx(store, tx, { txid, inputs, outputs }, new Date()));
  const rows = await store.listByIds(undefined, [`${txid}:0`, `${txid}:1`]);
  expect(new Map(rows.map(({ vout, assetId, assets }) => [vout, { assetId, assets }]))).toEqual(
    new Map([
      [0, { assetId: GOLD, assets: [gold(20n)] }],
      [1, { assetId: GOLD, assets: [gold(30n)] }],
    ]),
  );
});
