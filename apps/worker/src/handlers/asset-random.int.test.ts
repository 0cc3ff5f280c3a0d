import fc from "fast-check";

import type { Job } from "@arkrelay/core/jobs/job";
import { testKey } from "@arkrelay/core/testing/ark-transfer";
import type { ArkdFault } from "@arkrelay/core/testing/in-memory-arkd";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { CAP, openAssetWorld } from "../testing/asset-world";
import { mortalDeps, type Death } from "../testing/mortal-process";

/** How many random histories, and which: the same ones in every usual run, any others by the environment. */
const RUNS = Number(process.env["ASSET_RUNS"] ?? 15);
const SEED = Number(process.env["ASSET_SEED"] ?? 1);

let test: TestDatabase;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

const USERS = ["ann", "ben", "cid"].map((name) => testKey(name));

type Step =
  | { readonly kind: "order"; readonly user: number; readonly units: number }
  | { readonly kind: "stock"; readonly count: number; readonly units: number }
  | { readonly kind: "job" | "payouts"; readonly death: Death | null; readonly fault: Fault | null }
  | { readonly kind: "wait"; readonly ms: number };

interface Fault {
  readonly method: "submitTx" | "finalizeTx";
  readonly fault: ArkdFault;
}

const death = fc.record({
  at: fc.constantFrom("commit" as const, "call" as const),
  after: fc.boolean(),
  crashAt: fc.nat({ max: 6 }),
});
const fault = fc.record({
  method: fc.constantFrom("submitTx" as const, "finalizeTx" as const),
  fault: fc.constantFrom<ArkdFault>("unavailable", "lose_reply", "refuse", "late"),
}) satisfies fc.Arbitrary<Fault>;
const work = fc.record({
  kind: fc.constantFrom("job" as const, "payouts" as const),
  death: fc.option(death),
  fault: fc.option(fault),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("order" as const),
      user: fc.nat({ max: USERS.length - 1 }),
      // Three of these are more than the cap.
      units: fc.integer({ min: 1, max: Number(CAP) / 2 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("stock" as const),
      count: fc.integer({ min: 1, max: 4 }),
      units: fc.integer({ min: 1, max: Number(CAP) / 8 }),
    }),
  },
  { weight: 6, arbitrary: work },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 90_000 }) }) },
);

/**
 * Mints and orders of stock that begin, are worked on by workers that die anywhere, and meet an arkd that loses answers, refuses and goes
 * away. However it went: one issuance, each completed order paid once, nothing paid for a failed one, no sat lost, and the books know
 * it all.
 */
it("mints and stock of one asset are each paid once or not at all, and never above the cap, whatever dies", async () => {
  const ends = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      for (const status of await runHistory(steps)) ends.add(status);
    }),
    { numRuns: RUNS, seed: SEED, endOnFailure: true },
  );
  // Some histories leave the treasury with fewer units than the cap would allow to be minted.
  ends.delete("failed:inventory_exhausted");
  expect([...ends].toSorted()).toEqual([
    "completed",
    "failed:supply_exceeded",
    "stock completed",
    "stock failed:asset_inactive",
    "stock failed:inventory_exhausted",
  ]);
}, 600_000);

async function runHistory(steps: readonly Step[]): Promise<readonly string[]> {
  await test.empty();
  const world = await openAssetWorld(test, { carrierSubsidyDailySats: 1_000_000n });
  await world.register();
  await world.stock(100_000n, 100_000n, 100_000n);
  const gatewayKeys = [world.deps.wallet.keys.stock.pubkey, world.deps.wallet.keys.treasury.pubkey];
  const stockOrders: { readonly jobId: string; readonly units: bigint }[] = [];
  const orders: { readonly jobId: string; readonly user: number; readonly units: number }[] = [];
  const workOn = async (kind: "job" | "payouts", deps: typeof world.deps): Promise<void> => {
    if (kind === "payouts") return world.runPayouts(deps);
    for (const { jobId } of [...orders, ...stockOrders]) await world.runJob(jobId, deps);
  };
  for (const each of steps) {
    if (each.kind === "wait") world.clock.advance(each.ms);
    else if (each.kind === "order") {
      const { user, units } = each;
      const jobId = await world.order({ userPubkey: USERS[user]?.pubkey ?? "", amount: units });
      orders.push({ jobId, user, units });
    } else if (each.kind === "stock") {
      const { count, units } = each;
      const jobId = await world.orderStock({ count, assetAmount: units });
      stockOrders.push({ jobId, units: BigInt(count * units) });
    } else {
      let pending = each.fault;
      world.arkd.fault = (method) => {
        if (pending?.method !== method) return undefined;
        const { fault: met } = pending;
        pending = null;
        return met;
      };
      await workOn(each.kind, each.death === null ? world.deps : mortalDeps(world.deps, each.death));
      world.arkd.fault = () => undefined;
    }
  }
  const ended: (Omit<(typeof orders)[number], "jobId"> & { readonly job: Job })[] = [];
  for (const { jobId, ...order } of orders) ended.push({ ...order, job: await world.settle(jobId) });
  const stocked: { readonly units: bigint; readonly job: Job }[] = [];
  for (const { jobId, units } of stockOrders) stocked.push({ units, job: await world.settle(jobId) });
  // A late send may still arrive, and must find that it has lost.
  world.clock.advance(60_000);
  await world.runPayouts();

  const { arkAssetId = "", status } = await world.getAsset();
  const paid = (user: number) =>
    ended.reduce((sum, each) => sum + (each.user === user && each.job.status === "completed" ? each.units : 0), 0);
  const given = USERS.reduce((sum, _user, index) => sum + BigInt(paid(index)), 0n);
  for (const [index, { pubkey }] of USERS.entries()) {
    expect(world.unitsOf(pubkey, arkAssetId).units).toBe(BigInt(paid(index)));
  }
  expect(given).toBeLessThanOrEqual(CAP);
  if (orders.length > 0) {
    expect(status).toBe("active");
    expect(world.arkd.totalUnits(arkAssetId)).toBe(CAP);
    const ids = [...world.arkd.vtxos.values()].flatMap(({ assets }) => assets.map(({ assetId }) => assetId));
    expect(new Set(ids)).toEqual(new Set([arkAssetId]));
    expect(await world.balance("asset:ark", "gold")).toBe(CAP - given);
    const made = stocked.reduce((sum, { job, units }) => sum + (job.status === "completed" ? units : 0n), 0n);
    expect(world.unitsOf(gatewayKeys[0] ?? "", arkAssetId).units).toBe(made);
  }
  const sats = [...world.arkd.vtxos.values()]
    .filter((vtxo) => !vtxo.isSpent && gatewayKeys.some((pubkey) => world.arkd.isOwnedBy(vtxo, pubkey)))
    .reduce((sum, { amountSats }) => sum + amountSats, 0n);
  const mints = ended.filter(({ job }) => job.status === "completed").length;
  expect(sats).toBe(300_000n - 1_000n * BigInt(mints));
  const open = await test.database.select(
    "SELECT vtxo_id AS name FROM vtxos WHERE locked_by IS NOT NULL UNION SELECT payout_key FROM payouts WHERE status <> 'final'",
  );
  expect(open).toEqual([]);
  const endOf = ({ job }: { readonly job: Job }) =>
    job.status === "failed" ? `failed:${job.errorCode ?? ""}` : job.status;
  return [...ended.map(endOf), ...stocked.map((each) => `stock ${endOf(each)}`)];
}
