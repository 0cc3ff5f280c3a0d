import { randomBytes } from "node:crypto";

import { requestJobCancel } from "@arkrelay/core/jobs/request-job-cancel";
import { retryJob } from "@arkrelay/core/jobs/retry-job";
import { ALICE, BOB, testKey } from "@arkrelay/core/testing/ark-transfer";
import type { ArkdFault } from "@arkrelay/core/testing/in-memory-arkd";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openAssetWorld, type AssetWorld } from "../testing/asset-world";
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

const satsOf = (pubkey: string) =>
  [...world.arkd.vtxos.values()]
    .filter((vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, pubkey))
    .reduce((sum, { amountSats }) => sum + amountSats, 0n);
const stock = () => world.deps.wallet.keys.stock.pubkey;
const openRows = () =>
  test.database.select(
    "SELECT vtxo_id AS name FROM vtxos WHERE locked_by IS NOT NULL UNION SELECT payout_key FROM payouts WHERE status <> 'final'",
  );
/** An issued asset with stock: three VTXOs of fifty units. */
async function stocked(): Promise<string> {
  await world.register();
  await world.stock(500_000n, 50_000n);
  await world.mint(BOB, { amount: 1 });
  await world.settle(await world.orderStock({ count: 3, assetAmount: 50 }));
  return (await world.getAsset()).arkAssetId ?? "";
}

/** Exactly one gift of 20000 sats, booked as one, and nothing left open. */
async function expectGiven(before: bigint): Promise<void> {
  expect(satsOf(ALICE.pubkey)).toBe(20_000n);
  expect(satsOf(stock())).toBe(before - 20_000n);
  expect(await world.balance("expense:grant", "gBTC")).toBe(20_000_000n);
  expect(await world.balance("asset:ark", "gBTC")).toBe(-20_000_000n);
  expect(await openRows()).toEqual([]);
}

it("pays the user the VTXO that was told before anything was signed, and books it as a grant", async () => {
  await world.stock(100_000n);
  const planned = await world.assign({ userPubkey: ALICE.pubkey });
  expect(planned).toMatchObject({ amountSats: 20_000n, changeAmount: 80_000n });
  expect(await world.settle(planned.jobId)).toMatchObject({
    status: "completed",
    resultData: { asset_id: "gBTC", amount: 20_000, amount_sats: 20_000, vtxo_id: planned.vtxoId, txid: planned.txid },
  });
  expect(world.arkd.vtxos.get(planned.vtxoId)).toMatchObject({ amountSats: 20_000n, isSpent: false });
  await expectGiven(100_000n);
});

it("takes several VTXOs together when none has enough", async () => {
  await world.stock(8_000n, 8_000n, 8_000n);
  const { jobId, changeAmount } = await world.assign({ userPubkey: ALICE.pubkey });
  expect(changeAmount).toBe(4_000n);
  expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
  await expectGiven(24_000n);
});

it("gives units out of the stock on sats of the gateway's, which count against the day's carriers", async () => {
  const arkAssetId = await stocked();
  const granted = await world.balance("expense:grant", "gold");
  const carried = await world.balance("expense:carrier", "gBTC");
  const { jobId, changeAmount } = await world.assign({ userPubkey: ALICE.pubkey, assetId: "gold", amount: 70n });
  expect(changeAmount).toBe(30n);
  expect(await world.settle(jobId)).toMatchObject({ status: "completed", resultData: { amount_sats: 1_000 } });
  expect(world.unitsOf(ALICE.pubkey, arkAssetId)).toEqual({ units: 70n, vtxos: 1 });
  expect(world.unitsOf(stock(), arkAssetId).units).toBe(80n);
  expect((await world.balance("expense:grant", "gold")) - granted).toBe(70n);
  expect((await world.balance("expense:carrier", "gBTC")) - carried).toBe(1_000_000n);
  const used = await test.database.select("SELECT used FROM daily_budgets WHERE name = 'carrier_subsidy'");
  expect(used.map((row) => String(row["used"]))).toEqual(["2000"]);
});

it("calls at once share no input", async () => {
  await world.stock(...Array.from({ length: 6 }, () => 30_000n));
  const users = Array.from({ length: 6 }, () => testKey(randomBytes(8).toString("hex")));
  const planned = await Promise.all(users.map(({ pubkey }) => world.assign({ userPubkey: pubkey })));
  const inputs = await test.database.select("SELECT input_vtxo_ids AS ids FROM payout_attempts");
  const ids = inputs.flatMap((row) => row["ids"] as string[]);
  expect(ids).toHaveLength(6);
  expect(new Set(ids).size).toBe(6);
  for (const { jobId } of planned) expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
  for (const { pubkey } of users) expect(satsOf(pubkey)).toBe(20_000n);
});

describe("refused", () => {
  it("is what the stock does not have, and nothing of it is kept", async () => {
    await world.stock(20_100n);
    await expect(world.assign({ userPubkey: ALICE.pubkey })).rejects.toMatchObject({ code: "inventory_exhausted" });
    expect(await openRows()).toEqual([]);
    expect(await test.database.select("SELECT 1 FROM job_logs")).toEqual([]);
  });

  it("is what a key may not give away today; calls at once never exceed it together", async () => {
    await world.stock(...Array.from({ length: 5 }, () => 30_000n));
    const allowance = { keyId: "key_1", unitsPerDay: 50_000n };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 5 }, () => world.assign({ userPubkey: ALICE.pubkey, allowance })),
    );
    const refused = outcomes.filter((each) => each.status === "rejected");
    expect(refused.map(({ reason }) => (reason as { code: string }).code)).toEqual(
      Array.from({ length: 3 }, () => "inventory_exhausted"),
    );
    const used = await test.database.select("SELECT name, used FROM daily_budgets");
    expect(used.map((row) => [row["name"], String(row["used"])])).toEqual([["assign:key_1:gBTC", "40000"]]);
    const tomorrow = { ...allowance, keyId: "key_2" };
    await world.assign({ userPubkey: ALICE.pubkey, allowance: tomorrow });
  });

  it("is dust, an unknown asset, and one that is not active", async () => {
    await stocked();
    const assign = (wanted: Parameters<AssetWorld["assign"]>[0]) => world.assign(wanted);
    const { pubkey: userPubkey } = ALICE;
    await expect(assign({ userPubkey, amount: 329n })).rejects.toMatchObject({ code: "amount_below_minimum" });
    await expect(assign({ userPubkey, assetId: "silver" })).rejects.toMatchObject({ code: "asset_unknown" });
    await test.database.write("UPDATE assets SET status = 'frozen' WHERE asset_id = 'gold'");
    await expect(assign({ userPubkey, assetId: "gold" })).rejects.toMatchObject({ code: "asset_inactive" });
  });

  it("is a twin that tapd does not back, or that it says nothing of", async () => {
    await stocked();
    await test.database.write("UPDATE assets SET backing = 'taproot' WHERE asset_id = 'gold'");
    const gold = { userPubkey: ALICE.pubkey, assetId: "gold", amount: 10n };
    await expect(world.assign(gold)).rejects.toMatchObject({ code: "not_ready" });
    const { tapdMark: mark } = await world.deps.supplies.readExposure(undefined, "gold");
    const assign = (units: bigint, at = mark) => world.assign({ ...gold, reading: { units, mark: at } });
    await expect(assign(10n)).rejects.toMatchObject({ code: "reserve_insufficient" });
    await expect(assign(11n, "of another moment")).rejects.toMatchObject({ code: "not_ready" });
    await assign(11n);
  });
});

describe("a worker that dies", () => {
  const deaths = ["commit", "call"].flatMap((at) =>
    [false, true].flatMap((after) => [0, 1, 2, 3].map((crashAt) => [at as "commit" | "call", after, crashAt] as const)),
  );

  it.each(deaths)(
    "at a %s (after it took effect: %s), the %i-th of each attempt, gives once",
    async (at, after, crashAt) => {
      await world.stock(100_000n);
      const { jobId } = await world.assign({ userPubkey: ALICE.pubkey });
      for (let attempt = 0; attempt < 3; attempt++) {
        const dying = mortalDeps(world.deps, { at, after, crashAt });
        await world.runJob(jobId, dying);
        await world.runPayouts(dying);
        world.clock.advance(31_000);
      }
      expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
      await expectGiven(100_000n);
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
  ];

  it.each(faults)("whose %s meets '%s' still gives once", async (method, fault) => {
    await world.stock(100_000n);
    const { jobId } = await world.assign({ userPubkey: ALICE.pubkey });
    let met = 0;
    world.arkd.fault = (called) => (called === method && met++ === 0 ? fault : undefined);
    expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
    expect(met).toBeGreaterThan(0);
    await expectGiven(100_000n);
  });
});

it("cannot be cancelled, because its payout is planned with it", async () => {
  await world.stock(100_000n);
  const { jobId } = await world.assign({ userPubkey: ALICE.pubkey });
  const cancel = () =>
    test.database.transactions.run((tx) => requestJobCancel({ jobs: world.jobs }, tx, { jobId, caller: ADMIN }));
  await expect(cancel()).rejects.toMatchObject({ code: "job_not_cancellable" });
  expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
  await expectGiven(100_000n);
});

it("whose job was lost for good is still given, once, and the job can be taken up to see it", async () => {
  await world.stock(100_000n);
  const { jobId } = await world.assign({ userPubkey: ALICE.pubkey });
  await world.runJob(jobId);
  await test.database.write("UPDATE job_logs SET status = 'failed', attempts = 5 WHERE job_id = ?", [jobId]);
  const retry = () =>
    test.database.transactions.run((tx) => retryJob({ jobs: world.jobs }, tx, { jobId, caller: ADMIN }));
  await expect(retry()).rejects.toMatchObject({ code: "outcome_unknown" });
  await world.runPayouts();
  await retry();
  expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
  await expectGiven(100_000n);
});
