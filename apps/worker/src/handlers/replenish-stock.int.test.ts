import { requestJobCancel } from "@arkrelay/core/jobs/request-job-cancel";
import { ALICE } from "@arkrelay/core/testing/ark-transfer";
import type { ArkdFault } from "@arkrelay/core/testing/in-memory-arkd";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { CAP, openAssetWorld, type AssetWorld } from "../testing/asset-world";
import { mortalDeps } from "../testing/mortal-process";

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

const ADMIN = { principal: "admin", isAdmin: true, isSolver: true, isOpen: false, scopes: new Set<never>() };
/** Of which the issuance and the mint that brings it take a carrier each. */
const SATS = [2_000_000n, 50_000n] as const;
const MINTED = 10n;

/** An issued asset: one user has a few units, the treasury the rest, and the stock has sats for carriers. */
async function issued(): Promise<string> {
  await world.register();
  await world.stock(...SATS);
  await world.mint(ALICE, { amount: Number(MINTED) });
  return (await world.getAsset()).arkAssetId ?? "";
}

const unspent = (kind: "stock" | "treasury") => {
  const { pubkey } = world.deps.wallet.keys[kind];
  return [...world.arkd.vtxos.values()].filter((vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, pubkey));
};
const satsOf = (kind: "stock" | "treasury") => unspent(kind).reduce((sum, { amountSats }) => sum + amountSats, 0n);
const carriers = () => unspent("stock").filter(({ assets }) => assets.length > 0);
const unitsOf = (kind: "stock" | "treasury", arkAssetId: string) =>
  world.unitsOf(world.deps.wallet.keys[kind].pubkey, arkAssetId).units;
/** What is in no output that a mirror would count as free. */
const openRows = () =>
  test.database.select(
    "SELECT vtxo_id AS name FROM vtxos WHERE locked_by IS NOT NULL UNION SELECT payout_key FROM payouts WHERE status <> 'final'",
  );

/** Stock of exactly this order, whatever happened on the way: no unit and no sat lost, the books as they were. */
async function expectStock(arkAssetId: string, count: number, units: bigint): Promise<void> {
  expect(carriers().map(({ amountSats, assets }) => ({ amountSats, units: assets[0]?.amount }))).toEqual(
    Array.from({ length: count }, () => ({ amountSats: 1_000n, units })),
  );
  expect(unitsOf("stock", arkAssetId)).toBe(BigInt(count) * units);
  expect(unitsOf("treasury", arkAssetId)).toBe(CAP - MINTED - BigInt(count) * units);
  expect(world.arkd.totalUnits(arkAssetId)).toBe(CAP);
  expect(satsOf("stock") + satsOf("treasury")).toBe(SATS[0] + SATS[1] - 1_000n);
  expect(await world.balance("asset:ark", "gold")).toBe(CAP - MINTED);
  expect(await openRows()).toEqual([]);
}

describe("stock of an asset", () => {
  it("is made of the treasury's units on the stock's sats, and known to the mirror", async () => {
    const arkAssetId = await issued();
    const job = await world.settle(await world.orderStock({ count: 4, assetAmount: 25 }));
    expect(job).toMatchObject({
      status: "completed",
      attempts: 1,
      resultData: { asset_id: "gold", count: 4, amount_sats: 1_000, asset_amount: 25 },
    });
    expect((job.resultData as { txids: string[] }).txids).toHaveLength(1);
    await expectStock(arkAssetId, 4, 25n);
    const minExpiresAt = world.clock.now();
    expect(await world.deps.vtxos.sumFree(undefined, "stock", { minExpiresAt }, arkAssetId)).toBe(100n);
  });

  it("takes the treasury's sats when it has them, and gives back there what is left", async () => {
    const arkAssetId = await issued();
    await world.treasure(30_000n);
    const before = satsOf("stock");
    await world.settle(await world.orderStock({ count: 4, assetAmount: 25 }));
    expect(satsOf("stock")).toBe(before + 4_000n);
    expect(unitsOf("stock", arkAssetId)).toBe(100n);
    expect(unspent("treasury").filter(({ assets }) => assets.length === 0)).toMatchObject([{ amountSats: 26_000n }]);
  });

  it("can be all the units there are", async () => {
    const arkAssetId = await issued();
    await world.settle(await world.orderStock({ count: 2, assetAmount: Number(CAP - MINTED) / 2 }));
    await expectStock(arkAssetId, 2, (CAP - MINTED) / 2n);
  });

  it("that no single transaction holds is made in parts, each out of what the one before left", async () => {
    const arkAssetId = await issued();
    const job = await world.settle(await world.orderStock({ count: 400, assetAmount: 2_000 }));
    expect(job).toMatchObject({ status: "completed", attempts: 1 });
    expect((job.resultData as { txids: string[] }).txids).toHaveLength(3);
    await expectStock(arkAssetId, 400, 2_000n);
  });

  it("tells how much of it is there while the rest is made", async () => {
    await issued();
    const jobId = await world.orderStock({ count: 400, assetAmount: 1 });
    expect(await world.runJob(jobId)).toMatchObject({ message: expect.stringMatching(/^0 of 400 /) as string });
    await world.runPayouts();
    const { message } = await world.runJob(jobId);
    expect(message).toMatch(new RegExp(`^${carriers().length} of 400 `));
    expect(carriers()).not.toEqual([]);
  });

  it("leaves users' share of the supply and a twin's reserve alone while it is made", async () => {
    await issued();
    const before = await world.deps.supplies.readExposure(undefined, "gold");
    await world.runJob(await world.orderStock());
    expect(await world.deps.supplies.readExposure(undefined, "gold")).toEqual(before);
  });

  it("is waited for by a mint that finds the treasury at work", async () => {
    const arkAssetId = await issued();
    const stock = await world.orderStock();
    await world.runJob(stock);
    const mint = await world.order({ userPubkey: ALICE.pubkey, amount: 5 });
    for (let attempt = 0; attempt < 6; attempt++) await world.runJob(mint);
    expect(await world.getJob(mint)).toMatchObject({ status: "pending" });
    expect(await world.settle(mint)).toMatchObject({ status: "completed" });
    expect(await world.settle(stock)).toMatchObject({ status: "completed" });
    expect(world.unitsOf(ALICE.pubkey, arkAssetId).units).toBe(MINTED + 5n);
    expect(unitsOf("stock", arkAssetId)).toBe(150n);
  });
});

it("stock of sats is split off the treasury's", async () => {
  await world.treasure(1_000_000n);
  const job = await world.settle(
    await world.orderStock({ assetId: "gBTC", count: 7, amountSats: 100_000, assetAmount: 0 }),
  );
  expect(job).toMatchObject({ status: "completed", resultData: { asset_id: "gBTC", count: 7, amount_sats: 100_000 } });
  expect(unspent("stock").map(({ amountSats }) => amountSats)).toEqual(Array.from({ length: 7 }, () => 100_000n));
  expect(satsOf("treasury")).toBe(300_000n);
  expect(await openRows()).toEqual([]);
});

describe("co-inputs", () => {
  const free = () => world.deps.vtxos.countFree("fee", 1_000n, world.clock.now());
  const order = (count: number) =>
    world.orderStock({ kind: "fee", assetId: "gBTC", count, amountSats: 1_000, assetAmount: 0 });

  it("are split off the treasury's sats, onto the script that transfers take them from", async () => {
    await world.treasure(1_000_000n);
    const before = await free();
    expect(await world.settle(await order(30))).toMatchObject({
      status: "completed",
      resultData: { kind: "fee", asset_id: "gBTC", count: 30 },
    });
    expect(await free()).toBe(before + 30);
    expect(satsOf("treasury")).toBe(970_000n);
    expect(satsOf("stock")).toBe(0n);
    expect(await openRows()).toEqual([]);
  });

  it("are split off the stock's while the treasury has none", async () => {
    await world.stock(100_000n);
    const before = await free();
    expect(await world.settle(await order(5))).toMatchObject({ status: "completed" });
    expect(await free()).toBe(before + 5);
    expect(satsOf("stock")).toBe(95_000n);
  });
});

describe("a treasury that has lived more than a quarter of its life", () => {
  it("is left to the settlement batch, and the job says so", async () => {
    await world.treasure(1_000_000n);
    await test.database.write(
      "UPDATE vtxos SET created_at = expires_at - INTERVAL TIMESTAMPDIFF(SECOND, ?, expires_at) * 2 SECOND WHERE kind = 'treasury'",
      [world.clock.now()],
    );
    const job = await world.settle(
      await world.orderStock({ assetId: "gBTC", count: 7, amountSats: 100_000, assetAmount: 0 }),
    );
    expect(job).toMatchObject({ status: "completed", resultData: { made: 0, left_for_settlement: 7, txids: [] } });
    expect(job.message).toMatch(/settlement batch/);
    expect(unspent("stock")).toEqual([]);
    expect(await openRows()).toEqual([]);
  });
});

it("stock of sats is not made of stock", async () => {
  await world.stock(900_000n);
  const job = await world.settle(
    await world.orderStock({ assetId: "gBTC", count: 2, amountSats: 100_000, assetAmount: 0 }),
  );
  expect(job).toMatchObject({ status: "failed", errorCode: "inventory_exhausted" });
  expect(satsOf("stock")).toBe(900_000n);
});

describe("a worker that dies", () => {
  const deaths = ["commit", "call"].flatMap((at) =>
    [false, true].flatMap((after) =>
      [0, 1, 2, 3, 4].map((crashAt) => [at as "commit" | "call", after, crashAt] as const),
    ),
  );

  it.each(deaths)(
    "at a %s (after it took effect: %s), the %i-th of each attempt, makes the stock once",
    async (at, after, crashAt) => {
      const arkAssetId = await issued();
      const jobId = await world.orderStock({ count: 160, assetAmount: 50 });
      for (let attempt = 0; attempt < 4; attempt++) {
        const dying = mortalDeps(world.deps, { at, after, crashAt });
        await world.runJob(jobId, dying);
        await world.runPayouts(dying);
        world.clock.advance(31_000);
      }
      expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
      await expectStock(arkAssetId, 160, 50n);
    },
  );
});

describe("arkd", () => {
  const faults: readonly (readonly ["submitTx" | "finalizeTx", ArkdFault])[] = [
    ["submitTx", "lose_reply"],
    ["submitTx", "late"],
    ["submitTx", "refuse"],
    ["submitTx", "unavailable"],
    ["finalizeTx", "lose_reply"],
    ["finalizeTx", "unavailable"],
  ];

  it.each(faults)("whose %s meets '%s' still makes the stock once", async (method, fault) => {
    const arkAssetId = await issued();
    let met = 0;
    world.arkd.fault = (called) => (called === method && met++ === 0 ? fault : undefined);
    expect(await world.settle(await world.orderStock({ assetAmount: 50 }))).toMatchObject({ status: "completed" });
    expect(met).toBeGreaterThan(0);
    await expectStock(arkAssetId, 3, 50n);
  });

  it("that is away keeps the order waiting, never failing", async () => {
    const arkAssetId = await issued();
    const jobId = await world.orderStock();
    world.arkd.fault = () => "unavailable";
    for (let attempt = 0; attempt < 8; attempt++) {
      await world.runJob(jobId);
      await world.runPayouts();
    }
    expect(await world.getJob(jobId)).toMatchObject({ status: "pending" });
    world.arkd.fault = () => undefined;
    expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
    await expectStock(arkAssetId, 3, 50n);
  });
});

describe("refused", () => {
  const shortOf = async (payload: Parameters<AssetWorld["orderStock"]>[0]) => {
    const job = await world.settle(await world.orderStock(payload));
    return { code: job.errorCode, attempts: job.attempts };
  };

  it("is more than the treasury has units for, before any of it is made", async () => {
    await issued();
    const half = Number(CAP) / 200;
    expect(await shortOf({ count: 201, assetAmount: half })).toEqual({ code: "inventory_exhausted", attempts: 5 });
    expect(carriers()).toEqual([]);
    expect(await openRows()).toEqual([]);
  });

  it("is what there are no sats for, and it is made when it is taken up again with some", async () => {
    const arkAssetId = await issued();
    const job = await world.settle(await world.orderStock({ count: 2, amountSats: 3_000_000 }));
    expect(job).toMatchObject({ status: "failed", attempts: 5, errorCode: "inventory_exhausted" });
    await world.stock(7_000_000n);
    await test.database.transactions.run((tx) => world.jobs.reopen(tx, job.jobId, 5));
    expect(await world.settle(job.jobId)).toMatchObject({ status: "completed" });
    expect(unitsOf("stock", arkAssetId)).toBe(100n);
    expect(await openRows()).toEqual([]);
  });

  it("is an asset that is not issued, or nobody has registered", async () => {
    await world.register();
    expect(await shortOf({})).toMatchObject({ code: "asset_inactive" });
    expect(await shortOf({ assetId: "silver" })).toMatchObject({ code: "asset_unknown" });
  });

  it("is what is left of an order whose asset is frozen meanwhile; what was made stays", async () => {
    const arkAssetId = await issued();
    const jobId = await world.orderStock({ count: 400, assetAmount: 1 });
    await world.runJob(jobId);
    await test.database.write("UPDATE assets SET status = 'frozen' WHERE asset_id = 'gold'");
    expect(await world.settle(jobId)).toMatchObject({ status: "failed", errorCode: "asset_inactive" });
    expect(carriers().length).toBeGreaterThan(100);
    expect(carriers().length).toBeLessThan(400);
    await test.database.write("UPDATE assets SET status = 'active' WHERE asset_id = 'gold'");
    await test.database.transactions.run((tx) => world.jobs.reopen(tx, jobId, 5));
    expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
    await expectStock(arkAssetId, 400, 1n);
  });
});

describe("a cancel", () => {
  const cancel = (jobId: string) =>
    test.database.transactions.run((tx) => requestJobCancel({ jobs: world.jobs }, tx, { jobId, caller: ADMIN }));

  it("comes in time before the first part is planned, and is too late then", async () => {
    const arkAssetId = await issued();
    const early = await world.orderStock();
    expect(await cancel(early)).toMatchObject({ status: "cancelled" });
    await world.runJob(early);
    const late = await world.orderStock();
    await world.runJob(late);
    await expect(cancel(late)).rejects.toMatchObject({ code: "job_not_cancellable" });
    expect(await world.settle(late)).toMatchObject({ status: "completed" });
    await expectStock(arkAssetId, 3, 50n);
  });
});
