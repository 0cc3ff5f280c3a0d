import { AppError } from "@arkrelay/core/errors";
import { decodeBolt11 } from "@arkrelay/core/lightning/bolt11";
import { driveLand } from "@arkrelay/core/lightning/drive-land";
import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import type { LightningFault } from "@arkrelay/core/testing/in-memory-lightning";
import type { LightningCall } from "@arkrelay/core/testing/in-memory-lightning-node";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";

import { ownerCaller } from "../testing/ceremony-world";
import { isCrash } from "../testing/crash";
import { checkLandBooks } from "../testing/land-checks";
import { openLandWorld, type LandWorld, type PayeeInvoice } from "../testing/land-world";
import { type Death, mortalDeps } from "../testing/mortal-process";

let test: TestDatabase;
let world: LandWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(() => openWorld());

async function openWorld(config: Parameters<typeof openLandWorld>[1] = {}): Promise<void> {
  await test.empty();
  world = await openLandWorld(test, config);
  await world.stockFees(3);
}

const FUNDED = 100_000n;

/** A land of Alice's whose VTXO is the gateway's. */
async function received(bolt11: string): Promise<LightningOperation> {
  await world.fund(ALICE, FUNDED);
  const land = await world.received(ALICE, bolt11);
  expect(land).toMatchObject({ status: "received", claimedHash: land.paymentHash });
  return land;
}

/** An operator pays an invoice from the gateway's node. */
async function payElsewhere({ bolt11, paymentHash }: PayeeInvoice): Promise<void> {
  const limits = { feeLimitMsat: 9_000n, timeoutSeconds: 60, cltvLimit: 432 };
  await world.lightning.sendPayment({ bolt11, paymentHash, amountMsat: undefined, ...limits });
}

/** One call of lnd meets this fault. */
function faultOnce(call: LightningCall, fault: LightningFault): void {
  world.lightning.fault = (met) => {
    if (met !== call) return undefined;
    world.lightning.fault = () => undefined;
    return fault;
  };
}

const check = (...lands: readonly LightningOperation[]) =>
  checkLandBooks(test, world, {
    operationIds: lands.map((each) => each.operationId),
    user: ALICE.pubkey,
    fundedSats: FUNDED,
  });

/** Events of a kind that only Alice can read, oldest first. */
async function privateEvents(kind: number): Promise<readonly Record<string, unknown>[]> {
  const rows = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = ? ORDER BY id", [kind]);
  const alice = createGatewayIdentity(ALICE.secretKey);
  return rows.map((row) => {
    const event = JSON.parse(String(row["raw"])) as { readonly pubkey: string; readonly content: string };
    return JSON.parse(alice.decrypt(event.pubkey, event.content).plainText) as Record<string, unknown>;
  });
}

const FAIL = (reason: "no_route" | "timeout" | "error" | "insufficient_balance" | "incorrect_payment_details") => () =>
  ({ kind: "fail", reason }) as const;
const HANG = () => ({ kind: "hang" }) as const;

describe("a land that is paid", () => {
  it("moves amount and fee to the gateway's land script, and its co-input in and out unchanged", async () => {
    const { bolt11 } = world.invoice();
    const land = await received(bolt11);
    const { land: script, used } = world.deps.wallet.keys;
    expect(world.satsOf(script.pubkey)).toBe(50_050n);
    expect(world.satsOf(used.pubkey)).toBe(1_000n);
    expect(world.satsOf(ALICE.pubkey)).toBe(FUNDED - 50_050n);
    expect(await world.getSession(land.sessionId)).toMatchObject({ status: "signing", ceremonyState: "finalized" });
    const [row] = await world.deps.vtxos.listByIds(undefined, [land.receivedVtxoId ?? ""]);
    expect(row).toMatchObject({ kind: "land", lockedBy: `land:${land.operationId}`, lockedUntil: undefined });
  });

  it("is paid once, booked, told and its proof kept for the parties", async () => {
    const { bolt11, paymentHash, preimage } = world.invoice();
    const land = await received(bolt11);
    const paid = await world.settleLand(land.operationId);
    expect(paid).toMatchObject({ status: "paid", routingFeeMsat: 1_500n, unknownSince: undefined });
    expect(await world.deps.operations.openPreimage(land.operationId)).toBe(preimage);
    expect(await world.getSession(land.sessionId)).toMatchObject({ status: "completed", ceremonyState: "published" });
    expect(await world.balance("expense:routing")).toBe(1_500n);
    expect(await privateEvents(31502)).toMatchObject([
      { type: "land_completed", payment_hash: paymentHash, preimage, amount: 50_000 },
    ]);
    const [confirmation] = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = 31340");
    const { content } = JSON.parse(String(confirmation?.["raw"])) as { readonly content: string };
    expect(JSON.parse(content)).toMatchObject({ results: { payment_hash: paymentHash, fee_paid: 50 } });
    expect(content).not.toContain(preimage);
    expect(content).not.toContain(bolt11);
    await check(land);
  });

  it("pays the given amount of an invoice without one", async () => {
    const land = await received(world.invoice({ amountMsat: undefined }).bolt11);
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "paid" });
    expect(await world.balance("asset:ln")).toBe(-50_001_500n);
    await check(land);
  });

  it.each([
    ["its answer is lost", () => faultOnce("sendPayment", "lose_reply")],
    ["lnd is away when it is asked to pay", () => faultOnce("sendPayment", "unavailable")],
  ])("is paid once although %s", async (_name, spoil) => {
    const land = await received(world.invoice().bolt11);
    spoil();
    await world.driveLand(land.operationId).catch(() => undefined);
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "paid" });
    await check(land);
  });
});

describe("a land in flight", () => {
  it("stays there for as long as it takes, tells its user once, and is paid in the end", async () => {
    const { bolt11, paymentHash, preimage } = world.invoice({}, HANG);
    const land = await received(bolt11);
    const stuck = await world.settleLand(land.operationId, 300);
    expect(stuck).toMatchObject({ status: "in_flight", claimedHash: paymentHash, attempts: 1 });
    expect(stuck.unknownSince).toBeInstanceOf(Date);
    expect(world.clock.now() > stuck.expiresAt).toBe(true);
    expect(await privateEvents(31502)).toMatchObject([{ type: "land_in_flight", payment_hash: paymentHash }]);
    expect(await privateEvents(31341)).toEqual([]);
    world.lightning.resolvePayment(paymentHash, { kind: "pay", preimage, feeMsat: 0n });
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "paid", unknownSince: undefined });
    await check(land);
  });

  it("is refunded when its HTLC comes back after the invoice's expiry", async () => {
    const { bolt11, paymentHash } = world.invoice({}, HANG);
    const land = await received(bolt11);
    await world.settleLand(land.operationId, 200);
    world.lightning.resolvePayment(paymentHash, { kind: "fail", reason: "timeout" });
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "refunded", attempts: 1 });
    await check(land);
  });

  it("is neither sent again nor refunded by an lnd that has forgotten payments", async () => {
    // A payment before, so that the index of a restored node is a lower one.
    await payElsewhere(world.invoice());
    const { bolt11 } = world.invoice({}, HANG);
    const land = await received(bolt11);
    await world.driveLand(land.operationId);
    world.lightning.forgetPayments();
    const unknown = await world.settleLand(land.operationId, 300);
    expect(unknown).toMatchObject({ status: "in_flight", attempts: 1 });
    expect(unknown.lastError).toContain("restored");
    expect(await world.lightning.getTopPaymentIndex()).toBe(0n);
  });

  it("is not refunded either once that lnd has made as many new payments and the invoice has run out", async () => {
    await payElsewhere(world.invoice());
    const { bolt11, paymentHash, preimage } = world.invoice({}, HANG);
    const land = await received(bolt11);
    await world.driveLand(land.operationId);
    world.lightning.resolvePayment(paymentHash, { kind: "pay", preimage, feeMsat: 0n });
    world.lightning.forgetPayments();
    await world.driveLand(land.operationId);
    world.lightning.skipPayments(100n);
    world.clock.advance(2 * 3_600_000);
    expect(await world.settleLand(land.operationId, 10)).toMatchObject({ status: "in_flight", attempts: 1 });
    expect(world.satsOf(ALICE.pubkey)).toBe(FUNDED - 50_050n);
  });

  it("is neither sent again nor refunded by another node", async () => {
    const { bolt11 } = world.invoice({}, HANG);
    const land = await received(bolt11);
    await world.driveLand(land.operationId);
    world.lightning.forgetPayments();
    world.lightning.nodePubkey = `03${"11".repeat(32)}`;
    expect(await world.settleLand(land.operationId, 300)).toMatchObject({ status: "in_flight", attempts: 1 });
    expect(await world.lightning.getTopPaymentIndex()).toBe(0n);
  });

  it("says why it is not known when lnd cannot be asked", async () => {
    const land = await received(world.invoice({}, HANG).bolt11);
    await world.driveLand(land.operationId);
    world.lightning.fault = () => "unavailable";
    await expect(world.driveLand(land.operationId)).rejects.toMatchObject({ code: "daemon_unavailable" });
    expect(await world.get(land.operationId)).toMatchObject({ status: "in_flight", lastError: "lnd cannot be asked" });
  });

  it("is sent again within ten minutes when the first send never arrived", async () => {
    const { bolt11, paymentHash } = world.invoice();
    const land = await received(bolt11);
    faultOnce("sendPayment", "unavailable");
    await expect(world.driveLand(land.operationId)).rejects.toMatchObject({ code: "daemon_unavailable" });
    world.clock.advance(9 * 60_000);
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "paid", attempts: 1 });
    expect(world.lightning.timesPaid.get(paymentHash)).toBe(1);
  });

  it("is not refunded before what was sent last has had its time, however long ago the first send was", async () => {
    const { bolt11, paymentHash } = world.invoice({ expirySeconds: 605 });
    const land = await received(bolt11);
    faultOnce("sendPayment", "unavailable");
    await expect(world.driveLand(land.operationId)).rejects.toMatchObject({ code: "daemon_unavailable" });
    world.clock.advance(595_000);
    faultOnce("sendPayment", "late");
    await world.driveLand(land.operationId);
    world.clock.advance(15_000);
    await world.driveLand(land.operationId);
    expect(await world.get(land.operationId)).toMatchObject({ status: "in_flight" });
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "paid" });
    expect(world.lightning.timesPaid.get(paymentHash)).toBe(1);
    await check(land);
  });

  it("is not refunded when lnd refuses to be asked again: the first send may still be on its way", async () => {
    const { bolt11, paymentHash } = world.invoice();
    const land = await received(bolt11);
    faultOnce("sendPayment", "late");
    await world.driveLand(land.operationId);
    world.lightning.refusal = "self-payments not allowed";
    world.clock.advance(2_000);
    await world.driveLand(land.operationId);
    expect(await world.get(land.operationId)).toMatchObject({ status: "in_flight" });
    world.lightning.refusal = undefined;
    world.clock.advance(60_000);
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "paid", attempts: 1 });
    expect(world.lightning.timesPaid.get(paymentHash)).toBe(1);
    await check(land);
  });

  it("is not refunded for failed payments while a send that nobody has seen may start another one", async () => {
    const { bolt11, paymentHash, preimage } = world.invoice({}, FAIL("no_route"));
    const land = await received(bolt11);
    faultOnce("sendPayment", "late");
    await world.driveLand(land.operationId);
    for (let attempt = 1; attempt <= 3; attempt++) {
      world.clock.advance(5_000);
      await world.driveLand(land.operationId);
    }
    expect(await world.get(land.operationId)).toMatchObject({ status: "in_flight", attempts: 3 });
    expect(await world.lightning.getTopPaymentIndex()).toBe(3n);
    world.lightning.payees.set(paymentHash, { kind: "pay", preimage, feeMsat: 0n });
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "paid" });
    await check(land);
  });

  it("shows to operators whatever keeps it from being told", async () => {
    const land = await received(world.invoice({}, HANG).bolt11);
    await world.driveLand(land.operationId);
    const broken = Object.assign(Object.create(world.lightning), {
      trackPayment: () => Promise.reject(new AppError("daemon_rejected", { details: { service: "lnd" } })),
    });
    const drive = world.driveLand(land.operationId, { ...world.deps, lightning: broken });
    await expect(drive).rejects.toMatchObject({ code: "daemon_rejected" });
    expect(await world.get(land.operationId)).toMatchObject({
      unknownSince: expect.any(Date),
      lastError: "the payment cannot be told: daemon_rejected",
    });
  });

  it("is not sent again later than that, and refunded once nobody can start it any more", async () => {
    const { bolt11, paymentHash } = world.invoice();
    const land = await received(bolt11);
    faultOnce("sendPayment", "unavailable");
    await expect(world.driveLand(land.operationId)).rejects.toMatchObject({ code: "daemon_unavailable" });
    world.clock.advance(11 * 60_000);
    expect(await world.settleLand(land.operationId, 3)).toMatchObject({ status: "in_flight" });
    expect(world.lightning.timesPaid.get(paymentHash)).toBeUndefined();
    expect(await world.settleLand(land.operationId, 300)).toMatchObject({ status: "refunded" });
    await check(land);
  });
});

describe("a land whose invoice somebody else pays from the same node", () => {
  it("is refunded when that was before it was received: nothing was paid for it", async () => {
    const invoice = world.invoice();
    await world.fund(ALICE, FUNDED);
    const land = await world.openLand(ALICE, invoice.bolt11);
    await payElsewhere(invoice);
    await world.receive(ALICE, land);
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "refunded", lastError: "error" });
    expect(world.satsOf(ALICE.pubkey)).toBe(FUNDED);
    await check(land);
  });

  it("waits for that payment while it is in flight, and is refunded when it succeeds", async () => {
    const invoice = world.invoice({}, HANG);
    const land = await received(invoice.bolt11);
    await payElsewhere(invoice).catch(() => undefined);
    expect(await world.settleLand(land.operationId, 3)).toMatchObject({ status: "in_flight" });
    world.lightning.resolvePayment(invoice.paymentHash, { kind: "pay", preimage: invoice.preimage, feeMsat: 0n });
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "refunded" });
    await check(land);
  });

  it("is paid by its own payment when the other one fails", async () => {
    const invoice = world.invoice({}, HANG);
    const land = await received(invoice.bolt11);
    await payElsewhere(invoice).catch(() => undefined);
    await world.settleLand(land.operationId, 3);
    world.lightning.resolvePayment(invoice.paymentHash, { kind: "fail", reason: "timeout" });
    world.lightning.payees.set(invoice.paymentHash, { kind: "pay", preimage: invoice.preimage, feeMsat: 0n });
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "paid" });
    await check(land);
  });
});

describe("a land that cannot be paid", () => {
  it.each([
    ["no_route", "no_route", 3],
    ["timeout", "timeout", 3],
    ["error", "error", 3],
    ["insufficient_balance", "insufficient_balance", 3],
    // The payee itself said no.
    ["incorrect_payment_details", "incorrect_details", 1],
  ] as const)("is tried as often as it can help, and its VTXO goes back whole: %s", async (reason, told, attempts) => {
    const { bolt11, paymentHash } = world.invoice({}, FAIL(reason));
    const land = await received(bolt11);
    const refunded = await world.settleLand(land.operationId);
    expect(refunded).toMatchObject({ status: "refunded", attempts, claimedHash: paymentHash });
    expect(await world.lightning.getTopPaymentIndex()).toBe(BigInt(attempts));
    expect(world.satsOf(ALICE.pubkey)).toBe(FUNDED);
    expect(await world.getSession(land.sessionId)).toMatchObject({ status: "failed", errorCode: "payment_failed" });
    expect(await privateEvents(31341)).toMatchObject([
      { code: 2008, details: { code: "payment_failed", reason: told, refund_txid: refunded.refundTxid } },
    ]);
    expect(await privateEvents(31502)).toMatchObject([{ type: "land_refunded", amount: 50_050, error_code: 2008 }]);
    await check(land);
  });

  it("is paid by a later payment of the same hash", async () => {
    const { bolt11, paymentHash, preimage } = world.invoice({}, FAIL("no_route"));
    const land = await received(bolt11);
    await world.driveLand(land.operationId);
    world.lightning.payees.set(paymentHash, { kind: "pay", preimage, feeMsat: 0n });
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "paid", attempts: 2 });
    await check(land);
  });

  it.each([
    ["invoice expired. Valid until 2026", "expired"],
    ["self-payments not allowed", "error"],
  ])("is refunded when lnd refuses before anything leaves: %s", async (refusal, reason) => {
    const land = await received(world.invoice().bolt11);
    world.lightning.refusal = refusal;
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "refunded", lastError: reason });
    expect(await world.lightning.getTopPaymentIndex()).toBe(0n);
    await check(land);
  });

  it("is refunded unsent when its invoice ran out while lnd was away", async () => {
    const land = await received(world.invoice().bolt11);
    world.clock.advance(3_700_000);
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "refunded", attempts: 0 });
    expect(await world.lightning.getTopPaymentIndex()).toBe(0n);
    await check(land);
  });

  it("never pays more for routing than fee and subsidy, and gives unused subsidy back", async () => {
    const { bolt11, preimage, paymentHash } = world.invoice();
    // Amount 50 000: fee 50, at most 250 for routing, so 200 of subsidy.
    world.lightning.payees.set(paymentHash, { kind: "pay", preimage, feeMsat: 120_500n });
    const land = await received(bolt11);
    const paid = await world.settleLand(land.operationId);
    expect(paid).toMatchObject({ status: "paid", feeLimitMsat: 250_000n, subsidySats: 71n });
    await check(land);
  });

  it("limits routing to the fee collected once the day's subsidy is used up", async () => {
    await openWorld({ landRoutingSubsidyDailySats: 0n });
    const { bolt11 } = world.invoice({}, (preimage) => ({ kind: "pay", preimage, feeMsat: 50_001n }));
    const land = await received(bolt11);
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "refunded", feeLimitMsat: 50_000n });
    await check(land);
  });
});

describe("the hash of an invoice", () => {
  it("is one land's only: of two that quote it the second ends before anything of it is sent", async () => {
    const { bolt11, paymentHash } = world.invoice();
    await world.fund(BOB, 60_000n);
    const theirs = await world.openLand(BOB, bolt11);
    await world.drive(theirs.sessionId);
    await world.answer(BOB, theirs.sessionId);
    const first = await received(bolt11);
    await world.drive(theirs.sessionId);
    expect(await world.get(theirs.operationId)).toMatchObject({ status: "failed", claimedHash: undefined });
    expect(await world.getSession(theirs.sessionId)).toMatchObject({ status: "failed", errorCode: "invoice_used" });
    expect(world.satsOf(BOB.pubkey)).toBe(60_000n);
    await world.settleLand(first.operationId);
    expect(world.lightning.timesPaid.get(paymentHash)).toBe(1);
    await expect(world.openLand(BOB, bolt11)).rejects.toMatchObject({ code: "invoice_used" });
  });

  it("is free again when the ceremony fails before arkd has accepted", async () => {
    const { bolt11 } = world.invoice();
    await world.fund(ALICE, FUNDED);
    const land = await world.openLand(ALICE, bolt11);
    await world.drive(land.sessionId);
    await world.answer(ALICE, land.sessionId);
    world.arkd.fault = (method) => (method === "submitTx" ? "refuse" : undefined);
    for (let round = 0; round < 8; round++) {
      await world.drive(land.sessionId);
      if (round === 0) {
        expect(await world.get(land.operationId)).toMatchObject({ claimedHash: land.paymentHash });
      }
      world.clock.advance(61_000);
    }
    world.arkd.fault = () => undefined;
    expect(await world.get(land.operationId)).toMatchObject({ status: "failed", claimedHash: undefined });
    expect(world.satsOf(ALICE.pubkey)).toBe(FUNDED);
    const again = await world.receive(ALICE, await world.openLand(ALICE, bolt11));
    expect(await world.settleLand(again.operationId)).toMatchObject({ status: "paid" });
    await check(land, again);
  });

  it.each(["cancelled", "expired"] as const)("is free again when the session is %s", async (end) => {
    const { bolt11 } = world.invoice();
    await world.fund(ALICE, FUNDED);
    const land = await world.openLand(ALICE, bolt11);
    await world.drive(land.sessionId);
    if (end === "cancelled") {
      const input = { sessionId: land.sessionId, caller: ownerCaller(ALICE.pubkey), reason: "changed my mind" };
      await test.database.transactions.run((tx) => cancelSession(world.deps, tx, input));
    } else {
      world.clock.advance(901_000);
      await expireSessions(world.deps, { limit: 10 });
    }
    expect(await world.get(land.operationId)).toMatchObject({ status: end, claimedHash: undefined });
    await check(land);
  });
});

describe("a land is refused before anything is locked", () => {
  beforeEach(() => world.fund(ALICE, FUNDED));

  const invoices: readonly (readonly [string, Parameters<LandWorld["invoice"]>[0], Record<string, unknown>, string])[] =
    [
      ["another network", { prefix: "lnbc" }, {}, "invoice_invalid"],
      ["a feature nobody here knows", { features: [8, 14, 100] }, {}, "invoice_invalid"],
      ["an AMP invoice", { features: [8, 14, 30] }, {}, "invoice_invalid"],
      ["no payment secret", { paymentSecret: undefined }, {}, "invoice_invalid"],
      ["a last hop that is too long", { minFinalCltv: 145 }, {}, "invoice_invalid"],
      ["a part of a sat", { amountMsat: 50_000_001n }, {}, "invoice_invalid"],
      ["another amount", { amountMsat: 49_000_000n }, {}, "invoice_amount_mismatch"],
      ["too little time", { expirySeconds: 599 }, {}, "invoice_expired"],
      ["too little money", { amountMsat: 999_000n }, { amount: 999 }, "amount_below_minimum"],
      ["too much money", { amountMsat: 1_000_001_000n }, { amount: 1_000_001 }, "amount_above_maximum"],
      ["an asset nobody registered", {}, { asset_id: "gUSD" }, "asset_unknown"],
      ["a wrong fee", {}, { fee_amount: 49 }, "fee_invalid"],
      ["a fee in something else", {}, { fee_asset_id: "gUSD" }, "fee_asset_rejected"],
      ["more than the user has", { amountMsat: 200_000_000n }, { amount: 200_000 }, "insufficient_balance"],
    ];

  it.each(invoices)("%s", async (_name, about, params, code) => {
    await expect(world.openLand(ALICE, world.invoice(about).bolt11, params)).rejects.toMatchObject({ code });
    const [row] = await test.database.select("SELECT COUNT(*) AS n FROM lightning_invoices");
    expect(row?.["n"]).toBe(0);
  });

  it("a changed character", async () => {
    const { bolt11 } = world.invoice();
    const changed = `${bolt11.slice(0, -1)}${bolt11.endsWith("q") ? "p" : "q"}`;
    await expect(world.openLand(ALICE, changed)).rejects.toMatchObject({ code: "invoice_invalid" });
  });

  it("an invoice of the gateway's own node", async () => {
    const { bolt11 } = world.invoice();
    world.lightning.nodePubkey = decodeBolt11(bolt11).payeePubkey;
    await expect(world.openLand(ALICE, bolt11)).rejects.toMatchObject({ code: "invoice_used" });
  });

  it("coins that live too short for a payment that may take a day", async () => {
    await openWorld({ landMinRemainingMs: 8 * 86_400_000 });
    await world.fund(ALICE, FUNDED);
    await expect(world.openLand(ALICE, world.invoice().bolt11)).rejects.toMatchObject({ code: "vtxo_expired" });
  });

  it.each([
    ["more than the channels hold", 49_000_000n],
    ["more than half of what they hold, for one payee", 99_000_000n],
  ])("%s", async (_name, localMsat) => {
    world.lightning.localMsat = localMsat;
    await expect(world.openLand(ALICE, world.invoice().bolt11)).rejects.toMatchObject({ code: "inventory_exhausted" });
  });

  it("one more than a key may have in flight", async () => {
    await openWorld({ landMaxInFlight: 1 });
    await world.fund(ALICE, FUNDED);
    const land = await world.received(ALICE, world.invoice({ amountMsat: 10_000_000n }, HANG).bolt11, {
      amount: 10_000,
    });
    await world.driveLand(land.operationId);
    const second = world.openLand(ALICE, world.invoice({ amountMsat: 10_000_000n }).bolt11, { amount: 10_000 });
    await expect(second).rejects.toMatchObject({ code: "session_limit" });
  });
});

it("waits with its hand-over while its key has as many lands in flight as it may", async () => {
  await openWorld({ landMaxInFlight: 1 });
  await world.fund(ALICE, 30_000n, 30_000n);
  const small = { amount: 10_000 };
  const first = await world.openLand(ALICE, world.invoice({ amountMsat: 10_000_000n }).bolt11, small);
  const second = await world.openLand(ALICE, world.invoice({ amountMsat: 10_000_000n }).bolt11, small);
  await world.receive(ALICE, first);
  await world.drive(second.sessionId);
  await world.answer(ALICE, second.sessionId);
  await world.drive(second.sessionId);
  expect(await world.getSession(second.sessionId)).toMatchObject({ ceremonyState: "ark_sigs_collected" });
  expect(await world.get(second.operationId)).toMatchObject({ status: "pending_payment", claimedHash: undefined });
  await world.settleLand(first.operationId);
  await world.drive(second.sessionId);
  await world.answer(ALICE, second.sessionId);
  await world.drive(second.sessionId);
  expect(await world.settleLand(second.operationId)).toMatchObject({ status: "paid" });
});

describe("a land whose worker dies", () => {
  const deaths = [...Array(12).keys()].flatMap((crashAt): Death[] => [
    { crashAt, after: false },
    { crashAt, after: true },
  ]);

  it.each([
    ["is paid once", undefined, "paid"],
    ["is refunded once", FAIL("no_route"), "refunded"],
  ] as const)("%s, wherever that was", async (_name, answer, end) => {
    for (const death of deaths) {
      await openWorld();
      const land = await received(world.invoice({}, answer).bolt11);
      await world.driveLand(land.operationId, mortalDeps(world.deps, death)).catch((error: unknown) => {
        if (!isCrash(error)) throw error;
      });
      world.clock.advance(3_000);
      expect([death, (await world.settleLand(land.operationId)).status]).toEqual([death, end]);
      await check(land);
    }
  });

  it("is not moved by a worker that lost it, nor sent by one that slept", async () => {
    const { bolt11, paymentHash } = world.invoice();
    const land = await received(bolt11);
    const sleepy = mortalDeps(world.deps, { crashAt: null, after: false });
    const { run } = sleepy.transactions;
    let commits = 0;
    const slept = {
      ...sleepy,
      transactions: {
        ...sleepy.transactions,
        // Sleeps after its send was written down.
        run: async <T>(work: Parameters<typeof run<T>>[0]): Promise<T> => {
          const result = await run(work);
          if (++commits === 2) world.clock.advance(15_000);
          return result;
        },
      },
    };
    await expect(world.driveLand(land.operationId, slept)).rejects.toMatchObject({ code: "daemon_unavailable" });
    expect(world.lightning.timesPaid.get(paymentHash)).toBeUndefined();
    await test.database.write("UPDATE lightning_invoices SET attempt_token = 'another'");
    const stale = driveLand(world.deps, { operationId: land.operationId, fence: "mine" });
    await expect(stale).rejects.toMatchObject({ code: "wrong_state" });
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "paid" });
    await check(land);
  });

  it("is paid once by two workers that race", async () => {
    const land = await received(world.invoice().bolt11);
    await Promise.allSettled([1, 2, 3].map(() => world.driveLand(land.operationId)));
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "paid" });
    await check(land);
  });

  it("is refunded once by two workers that race", async () => {
    const land = await received(world.invoice({}, FAIL("incorrect_payment_details")).bolt11);
    await Promise.allSettled([1, 2, 3].map(() => world.driveLand(land.operationId)));
    expect(await world.settleLand(land.operationId)).toMatchObject({ status: "refunded" });
    await check(land);
  });
});

it("gives back what it holds although arkd loses every first answer", async () => {
  const land = await received(world.invoice({}, FAIL("incorrect_payment_details")).bolt11);
  const lost = new Set<string>();
  world.arkd.fault = (method) => {
    if (method === "read" || lost.has(method)) return undefined;
    lost.add(method);
    return "lose_reply";
  };
  for (let round = 0; round < 20; round++) {
    await world.driveLand(land.operationId).catch(() => undefined);
    world.clock.advance(31_000);
  }
  expect(await world.get(land.operationId)).toMatchObject({ status: "refunded" });
  await check(land);
});
