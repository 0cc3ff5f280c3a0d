import { cancelLift } from "@arkrelay/core/lightning/cancel-lift";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { ownerCaller } from "../testing/ceremony-world";
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

describe("a lift", () => {
  it("delivers what was paid for, settles the invoice and books both", async () => {
    await world.stock(100_000n);
    const operation = await world.paid(ALICE.pubkey);
    const ended = await world.settle(operation);
    expect(ended).toMatchObject({ status: "paid", paidMsat: 50_000_000n });
    expect(world.satsOf(ALICE.pubkey)).toBe(50_000n);
    expect(world.lightning.receivedMsat()).toBe(50_000_000n);
    expect(await world.balance("asset:ln")).toBe(50_000_000n);
    expect(await world.balance("asset:ark")).toBe(-50_000_000n);
    expect(await world.getSession(operation.sessionId)).toMatchObject({
      status: "completed",
      ceremonyState: "published",
    });
    expect(await world.notifications()).toEqual(["payment_received", "vtxo_creation", "vtxo_ready", "lift_completed"]);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("tells followers of its session every state of its payment, numbered among the session's own events", async () => {
    await world.stock(100_000n);
    const operation = await world.paid(ALICE.pubkey);
    await world.settle(operation);
    const { id, eventSeq } = await world.getSession(operation.sessionId);
    const events = await world.deps.sessions.listEvents(id, 0, 100);
    expect(events.map(({ seq }) => seq)).toEqual(Array.from({ length: eventSeq }, (_, index) => index + 1));
    const payments = events.filter(({ event }) => event === "payment");
    expect(payments.map(({ data }) => data)).toEqual(
      ["accepted", "delivering", "delivered", "paid"].map((status) => ({
        payment_hash: operation.paymentHash,
        status,
      })),
    );
  });

  it("owes back what was paid above its amount", async () => {
    await world.stock(100_000n);
    const operation = await world.startInvoice(ALICE.pubkey);
    world.lightning.receive(operation.paymentHash, { partsMsat: [30_000_000n, 20_000_700n] });
    expect(await world.settle(operation)).toMatchObject({ status: "paid", paidMsat: 50_000_700n });
    expect(await world.balance("liability:overpaid")).toBe(-700n);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it.each([
    ["takes several pieces of stock and gets the change back", 250_000n, [100_000n, 100_000n, 100_000n, 100_000n]],
    ["fits the last of the stock without change", 200_000n, [100_000n, 100_000n]],
    ["takes one piece more than let its change be dust", 199_900n, [100_000n, 100_000n, 50_000n]],
  ] as const)("%s", async (_name, amount, stock) => {
    await world.stock(...stock);
    const operation = await world.paid(ALICE.pubkey, amount);
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    expect(world.satsOf(ALICE.pubkey)).toBe(amount);
    const left = stock.reduce((sum, each) => sum + each, 0n) - amount;
    expect(world.satsOf(world.deps.wallet.keys.stock.pubkey)).toBe(left);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("delivers for a payment that came in time and was seen after the expiry", async () => {
    await world.stock(100_000n);
    const operation = await world.paid(ALICE.pubkey);
    world.clock.advance(3_700_000);
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("takes a payment in once, however often it is heard of", async () => {
    await world.stock(100_000n);
    const operation = await world.paid(ALICE.pubkey);
    const first = await world.hear(operation.paymentHash);
    expect(first).toMatchObject([{ task: "lift_deliver", rowKey: operation.operationId }]);
    expect(await world.hear(operation.paymentHash)).toEqual([]);
    expect(await world.get(operation.operationId)).toMatchObject({ status: "accepted", htlcExpiryHeight: 1_144 });
    await world.settle(operation);
    expect(await world.hear(operation.paymentHash)).toEqual([]);
    expect(world.lightning.receive(operation.paymentHash)).toBe(false);
    expect(await world.notifications()).toEqual(["payment_received", "vtxo_creation", "vtxo_ready", "lift_completed"]);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("is not touched by invoices that are no lift's", async () => {
    await world.stock(100_000n);
    const foreign = await world.lightning.addInvoice({
      preimage: "11".repeat(32),
      valueMsat: 1_000n,
      memo: "",
      expirySeconds: 60,
    });
    world.lightning.receive(foreign.paymentHash);
    expect(await world.hear(foreign.paymentHash)).toEqual([]);
  });

  it("follows its session: no timer and no ceremony take it", async () => {
    await world.stock(100_000n);
    const operation = await world.startInvoice(ALICE.pubkey);
    world.clock.advance(3_700_000);
    await expireSessions(world.deps, { limit: 100 });
    expect(await world.getSession(operation.sessionId)).toMatchObject({ status: "initiated" });
    expect(await world.settle(operation)).toMatchObject({ status: "expired" });
  });

  it("tells the public result with the payment hash, and never the preimage or the invoice", async () => {
    await world.stock(100_000n);
    const operation = await world.settle(await world.paid(ALICE.pubkey));
    const [row] = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = 31340");
    const raw = String(row?.["raw"]);
    const { results } = JSON.parse((JSON.parse(raw) as { readonly content: string }).content) as {
      readonly results: Record<string, unknown>;
    };
    expect(results).toMatchObject({ payment_hash: operation.paymentHash, fee_paid: 0, fee_asset_id: "gBTC" });
    expect(raw).not.toContain(operation.bolt11);
    expect(raw).not.toContain(await world.deps.operations.openPreimage(operation.operationId));
  });
});

describe("an unpaid lift", () => {
  beforeEach(() => world.stock(100_000n));

  it("expires only once lnd says CANCELED", async () => {
    const operation = await world.startInvoice(ALICE.pubkey);
    world.clock.advance(3_600_000);
    world.lightning.fault = () => "unavailable";
    await expect(world.drive(operation.operationId)).rejects.toMatchObject({ code: "daemon_unavailable" });
    expect(await world.get(operation.operationId)).toMatchObject({ status: "pending" });
    world.lightning.fault = () => undefined;
    expect(await world.settle(operation)).toMatchObject({ status: "expired", errorCode: "session_expired" });
    expect(world.lightning.receive(operation.paymentHash)).toBe(false);
    expect(await world.getSession(operation.sessionId)).toMatchObject({ status: "expired" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("is delivered for a payment that comes while its invoice is about to be cancelled", async () => {
    const operation = await world.startInvoice(ALICE.pubkey);
    world.lightning.behindMs = 5_000;
    world.clock.advance(3_600_000);
    let reads = 0;
    world.lightning.fault = (call) => {
      if (call === "read" && ++reads === 2) expect(world.lightning.receive(operation.paymentHash)).toBe(true);
      return undefined;
    };
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("stays unpaid by a payment in part, and expires", async () => {
    const operation = await world.startInvoice(ALICE.pubkey);
    expect(world.lightning.receive(operation.paymentHash, { partsMsat: [49_999_999n] })).toBe(false);
    expect(await world.settle(operation)).toMatchObject({ status: "expired" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("expires without an invoice when lnd could not make one all its life", async () => {
    const { operation } = await world.start(ALICE.pubkey);
    world.lightning.fault = () => "unavailable";
    await expect(world.drive(operation.operationId)).rejects.toMatchObject({ code: "daemon_unavailable" });
    world.clock.advance(3_700_000);
    world.lightning.fault = () => undefined;
    expect(await world.settle(operation)).toMatchObject({ status: "expired", bolt11: undefined });
    await checkLiftBooks(test, world, [operation.operationId]);
  });
});

describe("a lift that is called off", () => {
  const callOff = (operation: LightningOperation, by = ALICE) =>
    test.database.transactions.run((tx) =>
      cancelLift(world.deps, tx, {
        sessionId: operation.sessionId,
        caller: ownerCaller(by.pubkey),
        reason: "changed my mind",
      }),
    );

  beforeEach(() => world.stock(100_000n));

  it("ends once its invoice is CANCELED, and not before", async () => {
    const operation = await world.startInvoice(ALICE.pubkey);
    await callOff(operation);
    expect(await world.getSession(operation.sessionId)).toMatchObject({ status: "initiated" });
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled", errorCode: "session_cancelled" });
    expect(await world.getSession(operation.sessionId)).toMatchObject({
      status: "failed",
      errorMessage: "changed my mind",
    });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("gives a payment back that came before or after the word", async () => {
    const before = await world.paid(ALICE.pubkey);
    await world.hear(before.paymentHash);
    await callOff(before);
    expect(await world.settle(before)).toMatchObject({ status: "cancelled" });
    const after = await world.startInvoice(ALICE.pubkey);
    await callOff(after);
    world.lightning.receive(after.paymentHash);
    expect(await world.hear(after.paymentHash)).toMatchObject([{ rowKey: after.operationId }]);
    expect(await world.settle(after)).toMatchObject({ status: "cancelled" });
    await checkLiftBooks(test, world, [before.operationId, after.operationId]);
  });

  it("frees the stock that was planned for it", async () => {
    const operation = await world.paid(ALICE.pubkey);
    await world.crashIn(operation.operationId, { crashAt: 1, after: true });
    expect(await world.get(operation.operationId)).toMatchObject({ status: "delivering" });
    await callOff(operation);
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("leaves its stock to the next one of the same user and amount, which makes the very same transaction", async () => {
    const first = await world.paid(ALICE.pubkey);
    await world.crashIn(first.operationId, { crashAt: 1, after: true });
    await callOff(first);
    await world.settle(first);
    const second = await world.paid(ALICE.pubkey);
    expect(await world.settle(second)).toMatchObject({ status: "paid" });
    expect(await world.attempts()).toEqual([["pay", "final"]]);
    await checkLiftBooks(test, world, [first.operationId, second.operationId]);
  });

  it("is not called off by somebody else, nor once its delivery may be at arkd", async () => {
    const operation = await world.paid(ALICE.pubkey);
    await expect(callOff(operation, BOB)).rejects.toMatchObject({ code: "not_found" });
    world.arkdFaultOnce("submitTx", "lose_reply");
    await expect(world.drive(operation.operationId)).rejects.toMatchObject({ code: "outcome_unknown" });
    await expect(callOff(operation)).rejects.toMatchObject({ code: "too_late_to_cancel" });
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    await expect(callOff(operation)).rejects.toMatchObject({ code: "wrong_state" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });
});

describe("a payment that cannot be delivered", () => {
  it("waits for stock within the grace", async () => {
    await world.stock(100_000n);
    const operation = await world.paid(ALICE.pubkey);
    const [taken] = await world.deps.vtxos.listLive(undefined, world.deps.wallet.keys.stock.pubkey, 1);
    world.arkd.spendElsewhere(taken?.vtxoId ?? "");
    await world.stock();
    await world.drive(operation.operationId);
    expect(await world.get(operation.operationId)).toMatchObject({ status: "accepted" });
    world.clock.advance(60_000);
    // Somebody sends stock; the mirror does not know of it yet.
    world.arkd.fund(world.deps.wallet.keys.stock.pubkey, 100_000n);
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
  });

  it("goes back to the payer when the grace is over", async () => {
    await world.stock(100_000n);
    const operation = await world.paid(ALICE.pubkey);
    const [taken] = await world.deps.vtxos.listLive(undefined, world.deps.wallet.keys.stock.pubkey, 1);
    world.arkd.spendElsewhere(taken?.vtxoId ?? "");
    await world.stock();
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled", errorCode: "inventory_exhausted" });
    expect(await world.getSession(operation.sessionId)).toMatchObject({
      status: "failed",
      errorCode: "inventory_exhausted",
    });
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("goes back when too few blocks are left, with nothing submitted", async () => {
    await world.stock(100_000n);
    const operation = await world.startInvoice(ALICE.pubkey);
    world.lightning.receive(operation.paymentHash, { blocks: 39 });
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled" });
    expect(await test.database.select("SELECT 1 FROM payouts")).toEqual([]);
    await checkLiftBooks(test, world, [operation.operationId]);
  });

  it("is neither delivered nor given back while lnd does not follow the chain, until the grace is over", async () => {
    await world.stock(200_000n);
    const operation = await world.paid(ALICE.pubkey);
    world.lightning.syncedToChain = false;
    await world.drive(operation.operationId);
    expect(await world.get(operation.operationId)).toMatchObject({ status: "accepted" });
    world.lightning.syncedToChain = true;
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    const second = await world.paid(ALICE.pubkey);
    world.lightning.syncedToChain = false;
    expect(await world.settle(second)).toMatchObject({ status: "cancelled" });
    await checkLiftBooks(test, world, [operation.operationId, second.operationId]);
  });

  it("is delivered when arkd comes back within the grace, and goes back to the payer when it does not", async () => {
    await world.stock(100_000n, 100_000n);
    const operation = await world.paid(ALICE.pubkey);
    world.arkd.fault = () => "unavailable";
    await world.drive(operation.operationId);
    expect(await world.get(operation.operationId)).toMatchObject({ status: "accepted" });
    world.arkd.fault = () => undefined;
    expect(await world.settle(operation)).toMatchObject({ status: "paid" });
    const second = await world.paid(ALICE.pubkey);
    world.arkd.fault = () => "unavailable";
    expect(await world.settle(second)).toMatchObject({ status: "cancelled", errorCode: "daemon_unavailable" });
    world.arkd.fault = () => undefined;
    await checkLiftBooks(test, world, [operation.operationId, second.operationId]);
  });

  it("ends when lnd gave it back by itself before anything was planned", async () => {
    await world.stock(100_000n);
    const operation = await world.paid(ALICE.pubkey);
    await world.hear(operation.paymentHash);
    world.lightning.mine(126);
    expect(await world.hear(operation.paymentHash)).toMatchObject([{ rowKey: operation.operationId }]);
    expect(await world.settle(operation)).toMatchObject({ status: "cancelled" });
    await checkLiftBooks(test, world, [operation.operationId]);
  });
});
