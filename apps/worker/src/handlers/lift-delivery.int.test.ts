import { AppError } from "@arkrelay/core/errors";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { ALICE } from "@arkrelay/core/testing/ark-transfer";
import type { ArkdFault } from "@arkrelay/core/testing/in-memory-arkd";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
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

describe("a delivery whose payment runs out on its way", () => {
  /** SubmitTx was written down, and nobody knows whether arkd has it. */
  async function sent(fault: ArkdFault): Promise<LightningOperation> {
    await world.stock(100_000n, 100_000n);
    const operation = await world.paid(ALICE.pubkey, 150_000n);
    world.arkdFaultOnce("submitTx", fault);
    await expect(world.drive(operation.operationId)).rejects.toBeInstanceOf(AppError);
    return operation;
  }

  it("is never sent again: its pivot is spent back to the gateway and the payer has its money", async () => {
    const operation = await sent("unavailable");
    world.lightning.mine(105);
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled", errorCode: "inventory_exhausted" });
    expect(world.satsOf(ALICE.pubkey)).toBe(0n);
    expect(world.satsOf(world.deps.wallet.keys.stock.pubkey)).toBe(200_000n);
    expect(await world.attempts()).toEqual([
      ["pay", "dead"],
      ["kill", "final"],
    ]);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("is finalised and settled when arkd had taken it and the payment still lives", async () => {
    const operation = await sent("lose_reply");
    world.lightning.mine(105);
    expect(await world.settle(operation)).toMatchObject({ status: "paid", errorCode: undefined });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("is finalised and booked as a loss when arkd had taken it and lnd has given the payment back", async () => {
    const operation = await sent("lose_reply");
    world.lightning.mine(130);
    expect(await world.settle(operation)).toMatchObject({ status: "lost" });
    expect(world.satsOf(ALICE.pubkey)).toBe(150_000n);
    expect(await world.balance("expense:loss")).toBe(150_000_000n);
    expect(await world.getSession(operation.sessionId)).toMatchObject({ status: "completed" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("gives no preimage away once the payer can take the payment back on chain", async () => {
    const operation = await sent("lose_reply");
    world.lightning.holdExpiryDelta = -10_000;
    world.lightning.mine(144);
    expect(await world.settle(operation)).toMatchObject({ status: "lost" });
    expect(world.lightning.receivedMsat()).toBe(0n);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it.each(["unavailable", "lose_reply"] as const)("ends although the kill meets '%s' at arkd", async (fault) => {
    const operation = await sent("unavailable");
    world.lightning.mine(105);
    world.arkdFaultOnce("submitTx", fault);
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("makes the kill final only after the payer has its money back", async () => {
    const operation = await sent("unavailable");
    world.lightning.mine(105);
    world.lightning.fault = (call) => (call === "cancelInvoice" ? "unavailable" : undefined);
    for (let round = 0; round < 3; round++) {
      await expect(world.drive(operation.operationId)).rejects.toMatchObject({ code: "daemon_unavailable" });
    }
    expect(await world.attempts()).toEqual([
      ["pay", "dead"],
      ["kill", "accepted"],
    ]);
    expect(await world.get(operation.operationId)).toMatchObject({ status: "delivering" });
    world.lightning.fault = () => undefined;
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });
});

describe("a delivery that arkd refuses", () => {
  async function driveUntil(isReached: () => Promise<boolean>, { operationId }: LightningOperation): Promise<void> {
    for (let round = 0; round < 30 && !(await isReached()); round++) {
      await world.drive(operationId).catch(() => undefined);
      world.clock.advance(10_000);
    }
    await world.drive(operationId).catch(() => undefined);
  }

  /** What arkd was sent for an attempt, as it may still lie in a queue in front of it. */
  async function sentCopy(attempt: number) {
    const [row] = await test.database.select("SELECT signed_psbt, checkpoints FROM payout_attempts WHERE attempt = ?", [
      attempt,
    ]);
    const checkpoints = row?.["checkpoints"] as readonly { readonly unsignedPsbt: string }[];
    return { signedArkTx: String(row?.["signed_psbt"]), checkpointTxs: checkpoints.map((each) => each.unsignedPsbt) };
  }

  it("is built anew on the same pivot by arkd's new parameters once the refusal is proven", async () => {
    world = await openLiftWorld(test, { liftDeliveryGraceMs: 600_000 });
    await world.stock(100_000n);
    const operation = await world.paid(ALICE.pubkey);
    world.arkdFaultOnce("submitTx", "refuse");
    await world.drive(operation.operationId);
    world.arkd.settings = { unilateralExitDelay: 90_112 };
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    const rows = await test.database.select("SELECT DISTINCT pivot_vtxo_id FROM payout_attempts");
    expect(rows).toHaveLength(1);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("is sent again under the same txid when nothing has changed", async () => {
    world = await openLiftWorld(test, { liftDeliveryGraceMs: 600_000 });
    await world.stock(100_000n);
    const operation = await world.paid(ALICE.pubkey);
    world.arkdFaultOnce("submitTx", "refuse");
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    expect(await world.attempts()).toEqual([["pay", "final"]]);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("goes back to the payer when arkd goes on refusing", async () => {
    await world.stock(100_000n);
    const operation = await world.paid(ALICE.pubkey);
    world.arkd.fault = (method) => (method === "submitTx" ? "refuse" : undefined);
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled", errorCode: "daemon_rejected" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("is the one delivery when arkd takes after all what it had refused, and a newer one was on its way", async () => {
    world = await openLiftWorld(test, { liftDeliveryGraceMs: 600_000 });
    await world.stock(100_000n, 100_000n);
    const operation = await world.paid(ALICE.pubkey);
    world.arkdFaultOnce("submitTx", "refuse");
    await world.drive(operation.operationId);
    world.arkd.settings = { unilateralExitDelay: 90_112 };
    world.arkd.fault = (method) => (method === "submitTx" ? "unavailable" : undefined);
    await driveUntil(async () => (await world.attempts()).length === 2, operation);
    expect(await world.attempts()).toEqual([
      ["pay", "dead"],
      ["pay", "open"],
    ]);
    world.arkd.fault = () => undefined;
    await world.arkd.submitTx(await sentCopy(1));
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    expect(await world.attempts()).toEqual([
      ["pay", "final"],
      ["pay", "dead"],
    ]);
    expect(world.satsOf(ALICE.pubkey)).toBe(50_000n);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("is the one delivery also when the mirror shows that before anything newer is planned", async () => {
    world = await openLiftWorld(test, { liftDeliveryGraceMs: 600_000 });
    await world.stock(100_000n, 100_000n);
    const operation = await world.paid(ALICE.pubkey);
    const isDead = async () => (await world.attempts()).some(([, outcome]) => outcome === "dead");
    world.arkd.fault = (method) => (method === "submitTx" ? "refuse" : undefined);
    await world.drive(operation.operationId);
    // Without arkd's parameters nothing is planned.
    const getInfo = () => Promise.reject(new AppError("daemon_unavailable", { details: { service: "arkd" } }));
    const arkd = Object.assign(Object.create(world.arkd), { getInfo });
    for (let round = 0; round < 30 && !(await isDead()); round++) {
      world.clock.advance(10_000);
      await world.drive(operation.operationId, { ...world.deps, arkd }).catch(() => undefined);
    }
    expect(await world.attempts()).toEqual([["pay", "dead"]]);
    world.arkd.fault = () => undefined;
    await world.arkd.submitTx(await sentCopy(1));
    await syncVtxos(world.deps, { ownerPubkey: world.deps.wallet.keys.stock.pubkey });
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    expect(await world.attempts()).toEqual([["pay", "final"]]);
    expect(world.satsOf(ALICE.pubkey)).toBe(50_000n);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("gets another pivot when somebody with our keys has spent the first", async () => {
    await world.stock(100_000n, 100_000n);
    const operation = await world.paid(ALICE.pubkey);
    world.arkdFaultOnce("submitTx", "unavailable");
    await expect(world.drive(operation.operationId)).rejects.toBeInstanceOf(AppError);
    const [payout] = await test.database.select("SELECT pivot_vtxo_id FROM payouts");
    world.arkd.spendElsewhere(String(payout?.["pivot_vtxo_id"]));
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    expect(world.satsOf(ALICE.pubkey)).toBe(50_000n);
    expect(await world.attempts()).toEqual([
      ["pay", "dead"],
      ["pay", "final"],
    ]);
  });
});
