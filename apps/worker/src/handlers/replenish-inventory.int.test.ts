import type { InventoryLevels } from "@arkrelay/core/inventory/judge-inventory";
import { replenishFeeVtxos, replenishStocks, type InventoryLook } from "@arkrelay/core/inventory/replenish-inventory";
import { ALICE } from "@arkrelay/core/testing/ark-transfer";
import { DrizzleInventoryStore } from "@arkrelay/db/stores/inventory-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openAssetWorld, type AssetWorld } from "../testing/asset-world";

let test: TestDatabase;
let world: AssetWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openAssetWorld(test);
});

const LEVELS: InventoryLevels = {
  profile: "dev",
  critical: 10,
  warning: 10,
  target: 20,
  batch: 100,
  maxUtilization: 1,
  maxSatPerVbyte: 10,
  feeVtxos: 20,
};
const deps = (levels: Partial<InventoryLevels> = {}) => ({
  ...world.deps,
  levels: { ...LEVELS, ...levels },
  batchSats: 100_000n,
  satPerVbyte: 1,
  inventory: new DrizzleInventoryStore(test.database),
  insertJob: world.deps.jobs,
});
const stocks = (levels?: Partial<InventoryLevels>) => replenishStocks(deps(levels));
const fees = () => replenishFeeVtxos(deps());
const settle = async ({ wakes }: InventoryLook) => {
  for (const { rowKey } of wakes) expect(await world.settle(rowKey)).toMatchObject({ status: "completed" });
};
const payloads = async () =>
  (await test.database.select("SELECT payload FROM job_logs WHERE job_type = 'vtxo_replenishment' ORDER BY id")).map(
    (row) => row["payload"],
  );

describe("stock of sats", () => {
  it("is filled up to the target, and then left alone", async () => {
    await world.treasure(10_000_000n);
    const [look] = await stocks();
    expect(look).toMatchObject({ assetId: "gBTC", available: 0, target: 20, level: "critical", ordered: 20 });
    await settle(look as InventoryLook);
    expect(await stocks()).toMatchObject([{ available: 20, level: "ok", ordered: 0 }]);
  });

  it("is never ordered over an order that runs, whoever ordered it", async () => {
    await world.treasure(10_000_000n);
    await stocks();
    expect(await stocks()).toMatchObject([{ ordered: 0, wakes: [] }]);
    expect(await payloads()).toHaveLength(1);
  });

  it("leaves at least half of the treasury for co-inputs and mints", async () => {
    await world.treasure(1_000_000n);
    expect(await stocks()).toMatchObject([{ ordered: 5 }]);
  });

  it("is not ordered out of nothing", async () => {
    expect(await stocks()).toMatchObject([{ level: "critical", ordered: 0 }]);
    expect(await payloads()).toEqual([]);
  });

  it("that is too near its expiry, or locked, is no stock any more", async () => {
    await world.treasure(10_000_000n);
    for (const look of await stocks()) await settle(look);
    await test.database.write("UPDATE vtxos SET locked_by = 'payout:x' WHERE kind = 'stock' LIMIT 5");
    expect(await stocks({ critical: 0, warning: 0 })).toMatchObject([{ available: 15 }]);
    await test.database.write(
      "UPDATE vtxos SET created_at = expires_at - INTERVAL TIMESTAMPDIFF(SECOND, ?, expires_at) * 5 SECOND WHERE kind = 'stock'",
      [world.clock.now()],
    );
    expect(await stocks({ critical: 0, warning: 0 })).toMatchObject([{ available: 0 }]);
  });
});

describe("stock of an asset", () => {
  it("is kept up once an operator has begun with it, in the size of the newest order, and not before", async () => {
    await world.register();
    await world.stock(500_000n, 500_000n);
    await world.mint(ALICE, { amount: 1 });
    expect(await stocks()).toMatchObject([{ assetId: "gBTC" }]);
    await world.settle(await world.orderStock({ count: 2, assetAmount: 7 }));
    await world.settle(await world.orderStock({ count: 1, assetAmount: 9, amountSats: 1_500 }));
    const [, gold] = await stocks();
    expect(gold).toMatchObject({ assetId: "gold", available: 3, level: "critical", ordered: 17 + 1 });
    expect((await payloads()).at(-1)).toMatchObject({ kind: "stock", count: 18, assetAmount: 9, amountSats: 1_500 });
    await settle(gold as InventoryLook);
    expect((await stocks())[1]).toMatchObject({ available: 21, level: "ok", ordered: 0 });
  });

  it("that is frozen is left alone", async () => {
    await world.register();
    await world.stock(500_000n);
    await world.mint(ALICE, { amount: 1 });
    await world.settle(await world.orderStock({ count: 1, assetAmount: 9 }));
    await test.database.write("UPDATE assets SET status = 'frozen' WHERE asset_id = 'gold'");
    expect(await stocks()).toMatchObject([{ assetId: "gBTC" }]);
  });
});

describe("co-inputs", () => {
  /** As so many ceremonies do until the settlement batch. */
  const useUp = async (count: number): Promise<void> => {
    await test.database.write(
      "UPDATE vtxos SET status = 'spent', spending_txid = ? WHERE kind = 'fee' AND status = 'available' LIMIT ?",
      ["00".repeat(32), count],
    );
  };

  it("outlast a thousand transfers without anybody's help", async () => {
    await world.treasure(10_000_000n);
    await useUp(1_000);
    for (let used = 0; used < 1_000;) {
      await settle(await fees());
      const { available } = await fees();
      expect(available).toBeGreaterThanOrEqual(20);
      await useUp(available);
      used += available;
    }
  });

  it("are ordered beside stock of sats, and once at a time", async () => {
    await world.treasure(10_000_000n);
    await useUp(1_000);
    await stocks();
    expect(await fees()).toMatchObject({ kind: "fee", available: 0, level: "critical", ordered: 100 });
    expect(await fees()).toMatchObject({ ordered: 0, wakes: [] });
    expect(await payloads()).toMatchObject([{ kind: "stock" }, { kind: "fee", count: 100, amountSats: 1_000 }]);
  });

  it("are not ordered again and again out of coins that are too old to make any", async () => {
    await world.treasure(10_000_000n);
    await useUp(1_000);
    await test.database.write(
      "UPDATE vtxos SET created_at = expires_at - INTERVAL TIMESTAMPDIFF(SECOND, ?, expires_at) * 2 SECOND WHERE kind = 'treasury'",
      [world.clock.now()],
    );
    expect(await fees()).toMatchObject({ available: 0, level: "critical", ordered: 0 });
    expect(await payloads()).toEqual([]);
  });

  it("are ordered no more than leave a change that is no dust", async () => {
    await useUp(1_000);
    await world.treasure(50_300n);
    const look = await fees();
    expect(look).toMatchObject({ ordered: 49 });
    await settle(look);
  });

  it("are made of the stock's sats while the treasury has none, as many as these are worth", async () => {
    await useUp(1_000);
    await world.stock(50_500n);
    const look = await fees();
    expect(look).toMatchObject({ ordered: 50 });
    await settle(look);
    expect(await fees()).toMatchObject({ available: 50, level: "ok" });
  });
});
