import { PassThrough } from "node:stream";

import { ALICE } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createLogger } from "@arkrelay/runtime/logger";

import { toReconcileDeps } from "../reconcile-deps";
import type { TaskContext } from "../task-handler";
import { CAP, openAssetWorld, TAPROOT_ID, type AssetWorld } from "../testing/asset-world";
import { reconcileDaemonsTask } from "./reconcile-daemons";

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

/** An issued asset of which ALICE has 100 units. */
async function issued(over: Parameters<AssetWorld["register"]>[0] = {}): Promise<string> {
  world.tapd.holdings.set(TAPROOT_ID, { units: 100n });
  await world.register(over);
  await world.stock(100_000n, 100_000n);
  expect(await world.mint(ALICE, { amount: 100 })).toMatchObject({ status: "completed" });
  return (await world.getAsset()).arkAssetId ?? "";
}

/** A key spends its units with a transaction that leaves some of them out, and the mirror sees what came of it. */
async function burn(pubkey: string, arkAssetId: string, units: bigint): Promise<void> {
  const held = [...world.arkd.vtxos.values()].find((vtxo) => !vtxo.isSpent && world.arkd.isOwnedBy(vtxo, pubkey));
  if (held === undefined) throw new Error("nothing to burn");
  world.arkd.spendElsewhere(held.vtxoId);
  const assets = held.assets.map((each) =>
    each.assetId === arkAssetId ? { ...each, amount: each.amount - units } : each,
  );
  world.arkd.fund(
    pubkey,
    held.amountSats,
    assets.filter(({ amount }) => amount > 0n),
  );
  await syncVtxos(world.deps, { ownerPubkey: pubkey });
}

it("finds nothing of an asset whose units are all there, and remembers what it read", async () => {
  await issued();
  expect((await world.watch()).result).toEqual({ assets: 1, findings: [] });
  expect((await world.deps.supplies.find("gold")).arkd).toMatchObject({ units: CAP });
});

it("freezes an asset that arkd has more of, and keeps saying so until an operator has mended it", async () => {
  const arkAssetId = await issued();
  world.arkd.forged.set(arkAssetId, 5n);
  const finding = { findings: [{ kind: "too_many", asset_id: "gold", extra_units: "5" }] };
  expect((await world.watch()).result).toMatchObject(finding);
  expect(await world.getAsset()).toMatchObject({ status: "frozen", issued: CAP });
  expect(await world.mint(ALICE)).toMatchObject({ errorCode: "asset_inactive" });
  expect((await world.watch()).result).toMatchObject(finding);
  await test.database.write("UPDATE assets SET status = 'active' WHERE asset_id = 'gold'");
  expect((await world.watch()).result).toMatchObject(finding);
  expect(await world.getAsset()).toMatchObject({ status: "frozen" });
});

it("freezes an asset of which arkd has more than a signed number holds", async () => {
  const arkAssetId = await issued();
  world.arkd.forged.set(arkAssetId, 2n ** 63n);
  expect((await world.watch()).result).toMatchObject({ findings: [{ kind: "too_many" }] });
  expect(await world.getAsset()).toMatchObject({ status: "frozen" });
  expect((await world.deps.supplies.find("gold")).arkd).toMatchObject({ units: CAP + 2n ** 63n });
});

it("takes no burn that another watch has booked meanwhile for a counterfeit", async () => {
  const arkAssetId = await issued();
  const read = world.arkd.getAssetSupply.bind(world.arkd);
  world.arkd.getAssetSupply = async (id) => {
    world.arkd.getAssetSupply = read;
    const units = await read(id);
    await burn(ALICE.pubkey, arkAssetId, 10n);
    expect((await world.watch()).result).toMatchObject({ findings: [{ kind: "burnt" }] });
    return units;
  };
  expect((await world.watch()).result).toMatchObject({ findings: [] });
  expect(await world.getAsset()).toMatchObject({ status: "active", issued: CAP - 10n });
});

it("leaves an asset that was ended where it is", async () => {
  const arkAssetId = await issued();
  await test.database.write("UPDATE assets SET status = 'inactive' WHERE asset_id = 'gold'");
  world.arkd.forged.set(arkAssetId, 5n);
  await world.watch();
  expect(await world.getAsset()).toMatchObject({ status: "inactive" });
});

it("books a burn of a twin's units once, and the next one on top", async () => {
  const arkAssetId = await issued({ backing: "taproot", taprootAssetId: TAPROOT_ID });
  await burn(ALICE.pubkey, arkAssetId, 10n);
  expect((await world.watch()).result).toMatchObject({ findings: [{ kind: "burnt", asset_id: "gold", units: "10" }] });
  expect((await world.watch()).result).toMatchObject({ findings: [] });
  await burn(ALICE.pubkey, arkAssetId, 5n);
  await world.watch();
  expect(await world.getAsset()).toMatchObject({ status: "active", issued: CAP - 15n });
  expect(await world.balance("liability:issued", "gold")).toBe(15n - CAP);
  expect(await world.balance("equity:operator", "gold")).toBe(-15n);
});

it("does not let what was burnt be minted again", async () => {
  const arkAssetId = await issued();
  await burn(ALICE.pubkey, arkAssetId, 100n);
  await world.watch();
  expect(await world.mint(ALICE, { amount: Number(CAP) - 99 })).toMatchObject({ errorCode: "supply_exceeded" });
  expect(await world.mint(ALICE, { amount: Number(CAP) - 100 })).toMatchObject({ status: "completed" });
});

it("tells of a twin that tapd has too few units for, without stopping what users hold", async () => {
  await issued({ backing: "taproot", taprootAssetId: TAPROOT_ID });
  world.tapd.holdings.set(TAPROOT_ID, { units: 60n });
  expect((await world.watch()).result).toMatchObject({
    findings: [{ kind: "reserve_short", asset_id: "gold", deficit_units: "40" }],
  });
  expect(await world.getAsset()).toMatchObject({ status: "active" });
  expect(await deficit()).toBe(40);
  world.tapd.holdings.set(TAPROOT_ID, { units: 100n });
  await world.watch();
  expect(await deficit()).toBe(0);
});

it("does not take units that were paid while tapd was asked for missing ones", async () => {
  await issued({ backing: "taproot", taprootAssetId: TAPROOT_ID });
  world.tapd.holdings.set(TAPROOT_ID, { units: 100n });
  const lift = await world.operation("lift", "delivered", 30n);
  await test.database.write("UPDATE assets SET issued = issued + 30 WHERE asset_id = 'gold'");
  world.arkd.forged.set((await world.getAsset()).arkAssetId ?? "", 30n);
  world.tapd.meanwhile = async () => {
    world.tapd.holdings.set(TAPROOT_ID, { units: 130n });
    await lift.book(30n);
  };
  expect((await world.watch()).result).toMatchObject({ findings: [] });
  expect(await deficit()).toBe(0);
});

describe("a worker that died before it booked what it saw", () => {
  beforeEach(async () => {
    await issued({ backing: "taproot", taprootAssetId: TAPROOT_ID });
  });

  it("leaves no deficit behind with a land whose units are gone", async () => {
    const { paymentHash } = await world.operation("land", "in_flight", 40n);
    // Tapd had 140 units behind ALICE's 100 and the 40 of the land.
    world.tapd.holdings.set(TAPROOT_ID, { units: 102n });
    world.outcomes.paid.set(paymentHash, 38n);
    expect((await world.watch()).result).toMatchObject({ findings: [] });
    world.outcomes.paid.clear();
    expect((await world.watch()).result).toMatchObject({ findings: [{ kind: "reserve_short", deficit_units: "38" }] });
  });

  it("hides no deficit with a lift whose units have come", async () => {
    const { paymentHash } = await world.operation("lift", "delivered", 30n);
    await test.database.write("UPDATE assets SET issued = issued + 30 WHERE asset_id = 'gold'");
    world.arkd.forged.set((await world.getAsset()).arkAssetId ?? "", 30n);
    world.tapd.holdings.set(TAPROOT_ID, { units: 125n });
    world.outcomes.settled.set(paymentHash, 30n);
    expect((await world.watch()).result).toMatchObject({ findings: [{ kind: "reserve_short", deficit_units: "5" }] });
  });
});

async function deficit(): Promise<number> {
  const [row] = await test.database.select("SELECT deficit_units FROM asset_supplies WHERE asset_id = 'gold'");
  return Number(row?.["deficit_units"]);
}

it("looks at every asset before it fails for one that cannot be read", async () => {
  const arkAssetId = await issued();
  await world.register({ assetId: "silver" });
  await world.mint(ALICE, { assetId: "silver", amount: 1 });
  world.arkd.forged.set((await world.getAsset("silver")).arkAssetId ?? "", 1n);
  const read = world.arkd.getAssetSupply.bind(world.arkd);
  world.arkd.getAssetSupply = (id) => (id === arkAssetId ? Promise.reject(new Error("away")) : read(id));
  await expect(world.watch()).rejects.toThrow("away");
  expect(await world.getAsset("silver")).toMatchObject({ status: "frozen" });
});

describe("the reconciliation", () => {
  const reconcile = async () => {
    const deps = toReconcileDeps({
      database: test.database,
      ceremony: world.deps,
      lightning: world.deps,
      lnd: undefined,
      tapd: undefined,
    });
    const context = {
      payload: { v: 1 },
      signal: new AbortController().signal,
      log: createLogger({ service: "test", stream: new PassThrough().resume() }),
    } as unknown as TaskContext<{ v: 1 }>;
    const { result } = await reconcileDaemonsTask(deps)(context);
    return (result as { compared: { arkd: readonly Record<string, string>[] } }).compared.arkd;
  };
  const sound = (assetId: string) => ({ account: "asset:ark", asset_id: assetId, delta: "0", drift: "0" });

  it("compares the units of every issued asset, and finds no difference at any step of issuance and mint", async () => {
    await world.register();
    await world.stock(100_000n, 100_000n);
    await reconcile();
    const jobId = await world.order({ userPubkey: ALICE.pubkey, amount: 100 });
    for (let step = 0; (await world.getJob(jobId)).status === "pending" && step < 20; step++) {
      await world.runJob(jobId);
      expect(await reconcile()).toMatchObject([sound("gBTC"), ...(step === 0 ? [] : [sound("gold")])]);
      await world.runPayouts();
      expect(await reconcile()).toMatchObject([sound("gBTC"), sound("gold")]);
    }
    expect(await world.getJob(jobId)).toMatchObject({ status: "completed" });
    expect(await world.balance("asset:ark", "gold")).toBe(CAP - 100n);
  });

  it("books units that somebody sends to the gateway unasked", async () => {
    const arkAssetId = await issued();
    await reconcile();
    world.arkd.fund(world.deps.wallet.keys.land.pubkey, 1_000n, [{ assetId: arkAssetId, amount: 3n }]);
    expect(await reconcile()).toMatchObject([sound("gBTC"), sound("gold")]);
    expect(await world.balance("suspense:unsolicited", "gold")).toBe(-3n);
    expect(await world.balance("suspense:unsolicited", "gBTC")).toBe(-1_000_000n);
  });
});
