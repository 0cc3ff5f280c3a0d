import { AppError } from "@arkrelay/core/errors";
import { driveLift } from "@arkrelay/core/lightning/drive-lift";
import { ALICE } from "@arkrelay/core/testing/ark-transfer";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { checkLiftBooks } from "../testing/lift-checks";
import { openLiftWorld, type LiftWorld } from "../testing/lift-world";

let test: TestDatabase;
let world: LiftWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openLiftWorld(test);
});

describe("a lift is exactly once", () => {
  beforeEach(() => world.stock(100_000n, 100_000n));

  it.each([
    ["addHoldInvoice", "lose_reply"],
    ["addHoldInvoice", "unavailable"],
    ["settleInvoice", "lose_reply"],
    ["settleInvoice", "unavailable"],
    ["read", "unavailable"],
  ] as const)("although %s meets '%s'", async (call, fault) => {
    const { operation } = await world.start(ALICE.pubkey, { amount: 150_000n });
    if (call === "addHoldInvoice") world.faultOnce(call, fault);
    await world.drive(operation.operationId).catch(() => undefined);
    await world.drive(operation.operationId);
    world.lightning.receive(operation.paymentHash);
    if (call !== "addHoldInvoice") world.faultOnce(call, fault);
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it.each(["lose_reply", "unavailable"] as const)("although cancelInvoice meets '%s'", async (fault) => {
    const operation = await world.startInvoice(ALICE.pubkey);
    world.lightning.receive(operation.paymentHash, { blocks: 30 });
    world.faultOnce("cancelInvoice", fault);
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it.each([
    ["submitTx", "lose_reply"],
    ["submitTx", "unavailable"],
    ["finalizeTx", "lose_reply"],
    ["finalizeTx", "unavailable"],
    ["finalizeTx", "refuse"],
  ] as const)("although arkd's %s meets '%s'", async (method, fault) => {
    const operation = await world.paid(ALICE.pubkey, 150_000n);
    world.arkdFaultOnce(method, fault);
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  const deaths = [0, 1, 2, 3, 4, 5, 6].flatMap((crashAt) => [
    { crashAt, after: false },
    { crashAt, after: true },
  ]);

  it.each(deaths)("although its worker dies at commit $crashAt (after: $after)", async (death) => {
    const operation = await world.paid(ALICE.pubkey, 150_000n);
    await world.crashIn(operation.operationId, death);
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    expect(await world.notifications()).toEqual(["payment_received", "vtxo_creation", "vtxo_ready", "lift_completed"]);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it.each(deaths)("although its worker dies at commit $crashAt of a kill (after: $after)", async (death) => {
    const operation = await world.paid(ALICE.pubkey, 150_000n);
    world.arkdFaultOnce("submitTx", "unavailable");
    await expect(world.drive(operation.operationId)).rejects.toBeInstanceOf(AppError);
    world.lightning.mine(105);
    await world.crashIn(operation.operationId, death);
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("although two workers drive it at the same moment", async () => {
    const operation = await world.paid(ALICE.pubkey, 150_000n);
    await Promise.allSettled([world.drive(operation.operationId), world.drive(operation.operationId)]);
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("although a listener takes the payment in while the worker does", async () => {
    const operation = await world.paid(ALICE.pubkey, 150_000n);
    await Promise.allSettled([world.drive(operation.operationId), world.hear(operation.paymentHash)]);
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("and never in the hands of a worker whose row was taken over", async () => {
    const operation = await world.paid(ALICE.pubkey, 150_000n);
    await test.database.write("UPDATE lightning_invoices SET attempt_token = 'somebody else'");
    await expect(driveLift(world.deps, { operationId: operation.operationId, fence: "stalled" })).rejects.toMatchObject(
      { code: "wrong_state" },
    );
    expect(await test.database.select("SELECT 1 FROM payouts")).toEqual([]);
  });
});
