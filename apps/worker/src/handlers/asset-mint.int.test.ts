import { randomBytes } from "node:crypto";

import { requestJobCancel } from "@arkrelay/core/jobs/request-job-cancel";
import { retryJob } from "@arkrelay/core/jobs/retry-job";
import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import type { ArkdFault } from "@arkrelay/core/testing/in-memory-arkd";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { connectionOf } from "@arkrelay/db/transactions";

import { CAP, openAssetWorld, TAPROOT_ID, type AssetWorld } from "../testing/asset-world";
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

const TWIN = { backing: "taproot", taprootAssetId: TAPROOT_ID } as const;
const ADMIN = { principal: "admin", isAdmin: true, isSolver: true, isOpen: false, scopes: new Set<never>() };

/** An asset with sats to issue and carry it. */
async function ready(over: Parameters<AssetWorld["register"]>[0] = {}): Promise<void> {
  await world.register(over);
  await world.stock(100_000n, 100_000n);
}

/** What must hold whatever happened on the way: one issuance of the whole cap, units nowhere but with users and in the treasury. */
async function expectSound(users: readonly (readonly [string, bigint])[]): Promise<void> {
  const { arkAssetId = "", issued, status } = await world.getAsset();
  expect({ status, issued }).toEqual({ status: "active", issued: CAP });
  const given = users.reduce((sum, [, units]) => sum + units, 0n);
  expect(world.arkd.totalUnits(arkAssetId)).toBe(CAP);
  for (const [pubkey, units] of users) expect(world.unitsOf(pubkey, arkAssetId).units).toBe(units);
  expect(world.unitsOf(world.deps.wallet.keys.treasury.pubkey, arkAssetId).units).toBe(CAP - given);
  const issuedIds = [...world.arkd.vtxos.values()].flatMap(({ assets }) => assets.map(({ assetId }) => assetId));
  expect(new Set(issuedIds)).toEqual(new Set([arkAssetId]));
  expect(await world.balance("asset:ark", "gold")).toBe(CAP - given);
  expect(await world.balance("expense:grant", "gold")).toBe(given);
  const locked = await test.database.select("SELECT vtxo_id FROM vtxos WHERE locked_by IS NOT NULL");
  expect(locked).toEqual([]);
}

describe("the first mint of an asset", () => {
  it("issues the whole cap to the treasury and hands the user its units on sats of the gateway's", async () => {
    await ready();
    const job = await world.mint(ALICE, { amount: 300, reserveAmount: 7 });
    expect(job).toMatchObject({
      status: "completed",
      attempts: 1,
      resultData: { asset_id: "gold", amount_minted: 300, reserve_amount: 7, new_balance: 300 },
    });
    await expectSound([[ALICE.pubkey, 300n]]);
    const { vtxo_id: vtxoId } = job.resultData as { vtxo_id: string };
    expect(world.arkd.vtxos.get(vtxoId)).toMatchObject({ amountSats: 1_000n, isSpent: false });
    expect(await world.balance("equity:operator", "gold")).toBe(-CAP);
    expect(await world.balance("expense:carrier", "gBTC")).toBe(1_000_000n);
  });

  it("stands in the user's list of transactions", async () => {
    await ready();
    const { resultData } = await world.mint(ALICE, { amount: 300 });
    const rows = await world.deps.txs.listOfUser(ALICE.pubkey, {}, 10, undefined);
    expect(rows).toMatchObject([
      { txid: (resultData as { txid: string }).txid, assetId: "gold", assetAmount: 300n, status: "confirmed" },
    ]);
  });
});

it("further mints hand out of the same issuance and tell the whole balance", async () => {
  await ready();
  await world.mint(ALICE, { amount: 300 });
  expect((await world.mint(ALICE, { amount: 50 })).resultData).toMatchObject({ new_balance: 350 });
  expect((await world.mint(BOB, { amount: 1 })).resultData).toMatchObject({ new_balance: 1 });
  await expectSound([
    [ALICE.pubkey, 350n],
    [BOB.pubkey, 1n],
  ]);
});

it("mints that begin at once issue once and are all paid", async () => {
  await ready();
  const orders = await Promise.all([ALICE, BOB].map(({ pubkey }) => world.order({ userPubkey: pubkey, amount: 10 })));
  await Promise.all(orders.map((jobId) => world.runJob(jobId)));
  for (const jobId of orders) expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
  await expectSound([
    [ALICE.pubkey, 10n],
    [BOB.pubkey, 10n],
  ]);
});

describe("a worker that dies", () => {
  const deaths = ["commit", "call"].flatMap((at) =>
    [false, true].flatMap((after) =>
      [0, 1, 2, 3, 4].map((crashAt) => [at as "commit" | "call", after, crashAt] as const),
    ),
  );

  it.each(deaths)(
    "at a %s (after it took effect: %s), the %i-th of each attempt, pays once",
    async (at, after, crashAt) => {
      await ready();
      const jobId = await world.order({ userPubkey: ALICE.pubkey, amount: 42 });
      for (let attempt = 0; attempt < 4; attempt++) {
        const dying = mortalDeps(world.deps, { at, after, crashAt });
        await world.runJob(jobId, dying);
        await world.runPayouts(dying);
        world.clock.advance(31_000);
      }
      expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
      await expectSound([[ALICE.pubkey, 42n]]);
    },
  );
});

it("a mint whose job was lost for good is still paid, once, and the job can be taken up to see it", async () => {
  await ready();
  await world.mint(BOB, { amount: 1 });
  const jobId = await world.order({ userPubkey: ALICE.pubkey, amount: 9 });
  await world.runJob(jobId);
  await test.database.write("UPDATE job_logs SET status = 'failed' WHERE job_id = ?", [jobId]);
  const retry = () =>
    test.database.transactions.run((tx) => retryJob({ jobs: world.jobs }, tx, { jobId, caller: ADMIN }));
  await expect(retry()).rejects.toMatchObject({ code: "outcome_unknown" });
  await world.runPayouts();
  await retry();
  expect(await world.settle(jobId)).toMatchObject({ status: "completed", resultData: { new_balance: 9 } });
  await expectSound([
    [ALICE.pubkey, 9n],
    [BOB.pubkey, 1n],
  ]);
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

  it.each(faults)("whose %s meets '%s' in issuance and mint still issues and pays once", async (method, fault) => {
    await ready();
    const met = new Set<string>();
    world.arkd.fault = (called) => {
      const phase = [...world.arkd.vtxos.values()].some(({ assets }) => assets.length > 0) ? "mint" : "issuance";
      if (called !== method || met.has(phase)) return undefined;
      met.add(phase);
      return fault;
    };
    expect(await world.mint(ALICE, { amount: 42 })).toMatchObject({ status: "completed" });
    expect([...met]).toEqual(["issuance", "mint"]);
    await expectSound([[ALICE.pubkey, 42n]]);
  });

  it("that is away keeps the mint waiting, never failing", async () => {
    await ready();
    const jobId = await world.order({ userPubkey: ALICE.pubkey });
    world.arkd.fault = () => "unavailable";
    for (let attempt = 0; attempt < 8; attempt++) await world.runJob(jobId);
    expect(await world.getJob(jobId)).toMatchObject({ status: "pending" });
    world.arkd.fault = () => undefined;
    expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
    await expectSound([[ALICE.pubkey, 100n]]);
  });
});

describe("limits", () => {
  it("refuses what the cap does not leave, issued or not", async () => {
    await ready();
    expect(await world.mint(ALICE, { amount: Number(CAP) + 1 })).toMatchObject({
      status: "failed",
      errorCode: "supply_exceeded",
    });
    expect(await world.getAsset()).toMatchObject({ status: "registered" });
    await world.mint(ALICE, { amount: Number(CAP) - 5 });
    expect(await world.mint(BOB, { amount: 6 })).toMatchObject({ errorCode: "supply_exceeded" });
    expect(await world.mint(BOB, { amount: 5, reserveAmount: 1 })).toMatchObject({ errorCode: "supply_exceeded" });
    expect(await world.mint(BOB, { amount: 5 })).toMatchObject({ status: "completed" });
    await expectSound([
      [ALICE.pubkey, CAP - 5n],
      [BOB.pubkey, 5n],
    ]);
  });

  it("counts a mint that is under way against the cap of the next one", async () => {
    await ready();
    await world.mint(ALICE, { amount: 1 });
    const half = Number(CAP) / 2 + 1;
    const [first, second] = [
      await world.order({ userPubkey: ALICE.pubkey, amount: half }),
      await world.order({ userPubkey: BOB.pubkey, amount: half }),
    ];
    await Promise.all([world.runJob(first), world.runJob(second)]);
    const ends = [await world.settle(first), await world.settle(second)];
    expect(ends.map(({ status }) => status).toSorted()).toEqual(["completed", "failed"]);
    expect(ends.find(({ status }) => status === "failed")).toMatchObject({ errorCode: "supply_exceeded" });
  });

  it.each(["frozen", "inactive"])("mints nothing of a %s asset", async (status) => {
    await ready();
    await test.database.write("UPDATE assets SET status = ? WHERE asset_id = 'gold'", [status]);
    expect(await world.mint(ALICE)).toMatchObject({ status: "failed", errorCode: "asset_inactive" });
  });

  it("finishes a mint that was planned before its asset was frozen", async () => {
    await ready();
    await world.mint(ALICE, { amount: 1 });
    const jobId = await world.order({ userPubkey: BOB.pubkey, amount: 2 });
    await world.runJob(jobId);
    await test.database.write("UPDATE assets SET status = 'frozen' WHERE asset_id = 'gold'");
    expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
  });

  it("never mints sats", async () => {
    expect(await world.mint(ALICE, { assetId: "gBTC" })).toMatchObject({ errorCode: "asset_not_mintable" });
  });

  it("runs out of attempts without stock, and is paid when it is taken up again with some", async () => {
    await world.register();
    const job = await world.mint(ALICE);
    expect(job).toMatchObject({ status: "failed", attempts: 5, errorCode: "inventory_exhausted" });
    expect(await world.getAsset()).toMatchObject({ status: "registered" });
    await world.stock(100_000n, 100_000n);
    await test.database.transactions.run((tx) => world.jobs.reopen(tx, job.jobId, 5));
    expect(await world.settle(job.jobId)).toMatchObject({ status: "completed" });
    await expectSound([[ALICE.pubkey, 100n]]);
  });

  it("gives away no more sats under units in a day than configured", async () => {
    world = await openAssetWorld(test, { carrierSubsidyDailySats: 1_999n });
    await ready();
    expect(await world.mint(ALICE)).toMatchObject({ status: "completed" });
    expect(await world.mint(BOB)).toMatchObject({ status: "failed", errorCode: "inventory_exhausted" });
    await expectSound([[ALICE.pubkey, 100n]]);
  });
});

describe("a twin", () => {
  it("is not even issued for a mint that tapd has no units for", async () => {
    await ready(TWIN);
    expect(await world.mint(ALICE)).toMatchObject({ status: "failed", errorCode: "reserve_insufficient" });
    expect(await world.getAsset()).toMatchObject({ status: "registered" });
  });

  it("circulates as far as tapd's units go, those in channels and in a group included", async () => {
    const groupKey = `02${"ab".repeat(32)}`;
    await ready({ backing: "taproot", taprootGroupKey: groupKey });
    world.tapd.holdings.set("11".repeat(32), { units: 30n, channelUnits: 20n, groupKey });
    world.tapd.holdings.set("22".repeat(32), { units: 50n, groupKey });
    world.tapd.holdings.set("33".repeat(32), { units: 1_000n });
    expect(await world.mint(ALICE, { amount: 60 })).toMatchObject({ status: "completed" });
    expect(await world.mint(BOB, { amount: 41 })).toMatchObject({ errorCode: "reserve_insufficient" });
    expect(await world.mint(BOB, { amount: 40, reserveAmount: 1 })).toMatchObject({
      errorCode: "reserve_insufficient",
    });
    expect(await world.mint(BOB, { amount: 40 })).toMatchObject({ status: "completed" });
    expect(await world.balance("liability:issued", "gold")).toBe(-CAP);
    expect((await world.deps.supplies.find("gold")).tapd).toMatchObject({ units: 100n });
  });

  it("is not given away on units that left tapd while it was asked", async () => {
    await ready(TWIN);
    world.tapd.holdings.set(TAPROOT_ID, { units: 100n });
    await world.mint(ALICE, { amount: 1 });
    const land = await world.operation("land", "in_flight", 60n);
    const jobId = await world.order({ userPubkey: BOB.pubkey, amount: 90 });
    // The payment is through and booked between the two looks: neither shows its units.
    world.tapd.meanwhile = async () => {
      world.tapd.holdings.set(TAPROOT_ID, { units: 40n });
      await land.book(-60n);
    };
    expect(await world.runJob(jobId)).toMatchObject({ status: "pending", errorCode: "not_ready" });
    expect(await world.settle(jobId)).toMatchObject({ status: "failed", errorCode: "reserve_insufficient" });
    expect(await world.mint(BOB, { amount: 39 })).toMatchObject({ status: "completed" });
  });

  it("is not refused for units that came to tapd while it was asked", async () => {
    await ready(TWIN);
    world.tapd.holdings.set(TAPROOT_ID, { units: 10n });
    await world.mint(ALICE, { amount: 1 });
    const lift = await world.operation("lift", "delivered", 50n);
    const jobId = await world.order({ userPubkey: BOB.pubkey, amount: 40 });
    world.tapd.meanwhile = async () => {
      world.tapd.holdings.set(TAPROOT_ID, { units: 60n });
      await lift.book(50n);
    };
    expect(await world.runJob(jobId)).toMatchObject({ status: "pending", errorCode: "not_ready" });
    expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
  });

  it("is not given away on a payment that is held and may be given back", async () => {
    await ready(TWIN);
    world.tapd.holdings.set(TAPROOT_ID, { units: 10n });
    await world.mint(ALICE, { amount: 1 });
    await world.operation("lift", "accepted", 50n);
    await world.operation("lift", "delivering", 50n, "planned");
    expect(await world.mint(BOB, { amount: 10 })).toMatchObject({ errorCode: "reserve_insufficient" });
    expect(await world.mint(BOB, { amount: 9 })).toMatchObject({ status: "completed" });
  });

  it("waits, for as long as it takes, to know whether units that are being settled are tapd's already", async () => {
    await ready(TWIN);
    world.tapd.holdings.set(TAPROOT_ID, { units: 60n });
    await world.mint(ALICE, { amount: 1 });
    const lift = await world.operation("lift", "delivered", 50n);
    // Settled and not booked: 60 units stand behind 1 and the 50 of the lift, which the mirror shows with its user.
    await world.deps.transactions.run((tx) =>
      connectionOf(tx).write("UPDATE assets SET issued = issued + 50 WHERE asset_id = 'gold'"),
    );
    const jobId = await world.order({ userPubkey: BOB.pubkey, amount: 20 });
    for (let look = 0; look < 6; look++) {
      expect(await world.runJob(jobId)).toMatchObject({ status: "pending", errorCode: "not_ready" });
    }
    await lift.book(50n);
    expect(await world.settle(jobId)).toMatchObject({ status: "failed", errorCode: "reserve_insufficient" });
    expect(await world.mint(BOB, { amount: 9 })).toMatchObject({ status: "completed" });
  });

  it("waits for a tapd that is away or not synced", async () => {
    await ready(TWIN);
    world.tapd.holdings.set(TAPROOT_ID, { units: 1_000n });
    const jobId = await world.order({ userPubkey: ALICE.pubkey });
    world.tapd.isAway = true;
    await world.runJob(jobId);
    world.tapd.isAway = false;
    world.tapd.syncedToChain = false;
    for (let attempt = 0; attempt < 6; attempt++) await world.runJob(jobId);
    expect(await world.getJob(jobId)).toMatchObject({ status: "pending", errorCode: "daemon_unavailable" });
    world.tapd.syncedToChain = true;
    expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
  });
});

describe("a cancel", () => {
  const cancel = (jobId: string) =>
    test.database.transactions.run((tx) => requestJobCancel({ jobs: world.jobs }, tx, { jobId, caller: ADMIN }));

  it("comes in time while the asset is being issued", async () => {
    await ready();
    const jobId = await world.order({ userPubkey: ALICE.pubkey });
    await world.runJob(jobId);
    expect(await cancel(jobId)).toMatchObject({ status: "cancelled" });
    await world.runPayouts();
    expect(await world.runJob(jobId)).toMatchObject({ status: "cancelled" });
    await expectSound([]);
  });

  it("is too late once the payout is planned", async () => {
    await ready();
    await world.mint(BOB, { amount: 1 });
    const jobId = await world.order({ userPubkey: ALICE.pubkey, amount: 2 });
    await world.runJob(jobId);
    await expect(cancel(jobId)).rejects.toMatchObject({ code: "job_not_cancellable" });
    expect(await world.settle(jobId)).toMatchObject({ status: "completed" });
    await expect(cancel(jobId)).rejects.toMatchObject({ code: "job_not_cancellable" });
  });
});

it("an asset named like an operation shares no lock with it", async () => {
  const assetId = randomBytes(16).toString("hex");
  await ready({ assetId });
  const jobId = await world.order({ userPubkey: ALICE.pubkey, assetId });
  await world.runJob(jobId);
  const rows = await test.database.select("SELECT DISTINCT locked_by FROM vtxos WHERE locked_by IS NOT NULL");
  expect(rows).toEqual([{ locked_by: `payout:issue.${assetId}` }]);
});
