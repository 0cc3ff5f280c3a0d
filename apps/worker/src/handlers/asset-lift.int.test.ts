import { AppError } from "@arkrelay/core/errors";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type { StartLiftInput } from "@arkrelay/core/lightning/start-lift";
import { ALICE, BOB, testKey } from "@arkrelay/core/testing/ark-transfer";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { checkAssetLift } from "../testing/asset-lift-checks";
import { openLiftWorld, type LiftWorld } from "../testing/lift-world";
import { GOLD, registerGold, stockGold } from "../testing/test-asset";

let test: TestDatabase;
let world: LiftWorld;
let before: { readonly units: bigint; readonly localMsat: bigint };

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openLiftWorld(test);
  await registerGold(test);
  await stockGold(world, 100n, 60n);
  await world.stock(100_000n);
  before = { units: world.arkd.totalUnits(GOLD.arkAssetId), localMsat: world.lightning.localMsat };
});

const gold = (input: Partial<StartLiftInput> = {}) => ({ assetId: GOLD.assetId, amount: 40n, ...input });
const started = async (input: Partial<StartLiftInput> = {}): Promise<LightningOperation> =>
  (await world.start(ALICE.pubkey, gold(input))).operation;
const invoiced = (input: Partial<StartLiftInput> = {}) => world.startInvoice(ALICE.pubkey, gold(input));
const paid = async (input: Partial<StartLiftInput> = {}): Promise<LightningOperation> => {
  const operation = await invoiced(input);
  expect(world.channels.receive(operation.paymentHash)).toBe(true);
  return operation;
};
const check = ({ operationId }: LightningOperation) => checkAssetLift(test, world, operationId, before);

describe("a lift of an asset", () => {
  it("asks for the units and the carrier's price, and brings the units on a carrier of their own", async () => {
    const operation = await paid();
    expect(operation).toMatchObject({ carrierUnits: 3n, quotedUnits: 43n, amountSats: 1_000n });
    expect(operation.expiresAt.getTime() - operation.createdAt.getTime()).toBeLessThanOrEqual(300_000);
    expect(await world.settle(operation)).toMatchObject({ status: "paid", carrierMsat: 354_000n });
    await check(operation);
    expect(await world.balance("income:carrier", GOLD.assetId)).toBe(-3n);
    expect(await world.balance("income:carrier")).toBe(-354_000n);
    expect(await world.balance("expense:carrier")).toBe(1_000_000n);
    expect(await world.notifications()).toEqual(["payment_received", "vtxo_creation", "vtxo_ready", "lift_completed"]);
  });

  it("confirms units as units and sats as sats", async () => {
    const operation = await paid();
    await world.settle(operation);
    const { resultData } = await world.getSession(operation.sessionId);
    expect(resultData).toMatchObject({
      outputs: [
        { amount: 40, asset_id: GOLD.assetId, recipient: ALICE.pubkey },
        { amount: 60, asset_id: GOLD.assetId },
        { amount: 99_000, asset_id: "gBTC" },
      ],
    });
  });

  it.each([100n, 130n, 160n])("of %s units takes as many VTXOs of the stock as it needs", async (amount) => {
    const operation = await paid({ amount });
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await check(operation);
  });

  it("keeps what was paid above its price for the payer, not as income", async () => {
    const operation = await invoiced();
    world.channels.receive(operation.paymentHash, { units: 50n });
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await check(operation);
    expect(await world.balance("liability:overpaid", GOLD.assetId)).toBe(-7n);
  });

  it("is worth its units although one was lost to rounding, at the carrier's price", async () => {
    const operation = await invoiced();
    world.channels.receive(operation.paymentHash, { units: 42n });
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await check(operation);
    expect(await world.balance("income:carrier", GOLD.assetId)).toBe(-2n);
  });

  it.each([
    ["sats instead of units", (hash: string) => world.lightning.receive(hash)],
    ["too few units", (hash: string) => world.channels.receive(hash, { units: 41n })],
  ])("that is paid in %s is given back and delivers nothing", async (_what, pay) => {
    const operation = await invoiced();
    expect(pay(operation.paymentHash)).toBe(true);
    await world.hear(operation.paymentHash);
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled", errorCode: "payment_failed" });
    expect(await test.database.select("SELECT 1 FROM payouts")).toEqual([]);
    await check(operation);
  });

  it("goes back to its payer when too few blocks are left, whatever cltv tapd gave the invoice", async () => {
    const operation = await invoiced();
    world.channels.receive(operation.paymentHash, { blocks: 39 });
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled" });
    await check(operation);
  });

  it("expires with its quote", async () => {
    world.channels.quoteLifeMs = 120_000;
    const operation = await invoiced();
    expect(operation.expiresAt.getTime() - operation.createdAt.getTime()).toBeLessThanOrEqual(120_000);
    expect(await world.settle(operation)).toMatchObject({ status: "expired" });
    await check(operation);
  });

  it("is given up when a peer quotes less than is asked for", async () => {
    world.channels.buyLimit = 20n;
    const operation = await started();
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled", errorCode: "daemon_rejected" });
    expect(await world.get(operation.operationId)).toMatchObject({ bolt11: undefined });
    await check(operation);
  });

  it("goes back to its payer when the stock was given away meanwhile", async () => {
    const first = await paid({ amount: 160n });
    const second = await world.startInvoice(BOB.pubkey, gold());
    world.channels.receive(second.paymentHash);
    expect(await world.settle(first)).toMatchObject({ status: "paid" });
    expect(await world.settle(second)).toMatchObject({ status: "cancelled", errorCode: "inventory_exhausted" });
  });

  it("that is held is delivered although its asset was frozen meanwhile", async () => {
    const operation = await paid();
    await test.database.write("UPDATE assets SET status = 'frozen' WHERE asset_id = 'gold'");
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await check(operation);
  });
});

describe("a lift of an asset is refused", () => {
  it.each([
    ["of an asset nobody registered", { assetId: "silver" }, "asset_unknown"],
    ["below the registry's cap", { amount: 9n }, "amount_below_minimum"],
    ["above it", { amount: 1_001n }, "amount_above_maximum"],
    ["of more than the stock has", { amount: 161n }, "inventory_exhausted"],
  ] as const)("%s", async (_what, input, code) => {
    await expect(started(input)).rejects.toMatchObject({ code });
  });

  it.each([
    ["status = 'frozen'", "asset_inactive"],
    ["carrier_units = NULL", "unsupported_type"],
    ["taproot_asset_id = NULL", "unsupported_type"],
  ])("while %s", async (change, code) => {
    await test.database.write(`UPDATE assets SET ${change} WHERE asset_id = 'gold'`);
    await expect(started()).rejects.toMatchObject({ code });
  });

  it("when unpaid ones promise three times the stock, of its own asset alone", async () => {
    for (const user of ["u1", "u2", "u3"])
      await world.start(testKey(user).pubkey, gold({ amount: 150n, countedAs: user }));
    await expect(started({ amount: 100n })).rejects.toMatchObject({ code: "inventory_exhausted" });
    await world.start(ALICE.pubkey);
  });
});

describe("a lift of an asset is exactly once", () => {
  it.each([
    ["createAssetInvoice", "lose_reply"],
    ["createAssetInvoice", "unavailable"],
    ["settleInvoice", "lose_reply"],
    ["settleInvoice", "unavailable"],
    ["read", "unavailable"],
  ] as const)("although %s meets '%s'", async (call, fault) => {
    const operation = await started();
    if (call === "createAssetInvoice") world.faultOnce(call, fault);
    await world.drive(operation.operationId).catch(() => undefined);
    await world.drive(operation.operationId);
    expect(world.channels.receive(operation.paymentHash)).toBe(true);
    if (call !== "createAssetInvoice") world.faultOnce(call, fault);
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await check(operation);
  });

  it("and is given up at once when a peer takes only a part of the units, though tapd's answer was lost", async () => {
    const operation = await started();
    world.channels.buyLimit = 20n;
    world.faultOnce("createAssetInvoice", "lose_reply");
    await world.drive(operation.operationId).catch(() => undefined);
    await world.drive(operation.operationId);
    expect(await world.get(operation.operationId)).toMatchObject({ status: "cancelled", bolt11: undefined });
    expect(world.channels.receive(operation.paymentHash)).toBe(false);
  });

  it.each([
    ["submitTx", "lose_reply"],
    ["submitTx", "unavailable"],
    ["finalizeTx", "lose_reply"],
    ["finalizeTx", "refuse"],
  ] as const)("although arkd's %s meets '%s'", async (method, fault) => {
    const operation = await paid();
    world.arkdFaultOnce(method, fault);
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await check(operation);
  });

  const deaths = [
    ...[0, 1, 2, 3, 4, 5].map((crashAt) => ({ at: "commit" as const, crashAt })),
    ...[0, 1, 2, 4, 6, 8, 10, 12].map((crashAt) => ({ at: "call" as const, crashAt })),
  ].flatMap((death) => [
    { ...death, after: false },
    { ...death, after: true },
  ]);

  it.each(deaths)("although its worker dies at $at $crashAt (after: $after)", async (death) => {
    const operation = await paid();
    await world.crashIn(operation.operationId, death);
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await check(operation);
  });

  it.each([0, 1, 2].flatMap((crashAt) => [false, true].map((after) => ({ at: "call" as const, crashAt, after }))))(
    "although its worker dies at call $crashAt of making its invoice (after: $after)",
    async (death) => {
      const operation = await started();
      await world.crashIn(operation.operationId, death);
      await world.drive(operation.operationId);
      expect(world.channels.receive(operation.paymentHash)).toBe(true);
      expect(await world.settle(operation)).toMatchObject({ status: "paid" });
      await check(operation);
    },
  );

  it("and a kill brings every unit of its pivot back", async () => {
    const operation = await paid();
    world.arkdFaultOnce("submitTx", "unavailable");
    await expect(world.drive(operation.operationId)).rejects.toBeInstanceOf(AppError);
    world.lightning.mine(105);
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled" });
    expect(await world.attempts()).toEqual([
      ["pay", "dead"],
      ["kill", "final"],
    ]);
    await check(operation);
  });

  it("and is a loss in units when lnd has given the payment back after the delivery", async () => {
    const operation = await paid();
    world.arkdFaultOnce("submitTx", "lose_reply");
    await expect(world.drive(operation.operationId)).rejects.toBeInstanceOf(AppError);
    world.lightning.mine(130);
    expect(await world.settle(operation)).toMatchObject({ status: "lost" });
    await check(operation);
    expect(await world.balance("expense:loss", GOLD.assetId)).toBe(40n);
  });
});
