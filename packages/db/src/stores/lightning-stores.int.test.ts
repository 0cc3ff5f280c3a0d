import { randomBytes, randomUUID } from "node:crypto";

import type { LandStatus, LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type { NewLightningOperation, NewPayout } from "@arkrelay/core/ports/lightning-stores";
import type { Tx } from "@arkrelay/core/ports/transactions";
import { NEVER_SENT } from "@arkrelay/core/session/session";
import { createSealer } from "@arkrelay/runtime/sealing";

import { readText } from "../row";
import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleBudgetStore } from "./budget-store";
import { DrizzleAttemptStore } from "./job-attempt-store";
import { DrizzleSweepStore } from "./job-sweep-store";
import { DrizzleLightningStore } from "./lightning-store";
import { DrizzlePayoutStore } from "./payout-store";

let test: TestDatabase;
let operations: DrizzleLightningStore;
let payouts: DrizzlePayoutStore;
/** What the store said of statuses. */
const told: (readonly string[])[] = [];
const budgets = new DrizzleBudgetStore();

beforeAll(async () => {
  test = await openTestDatabase({ poolSize: 30 });
  operations = new DrizzleLightningStore(test.database, createSealer({ key: randomBytes(32) }), (...status) =>
    told.push(status),
  );
  payouts = new DrizzlePayoutStore(test.database);
});
afterAll(() => test.close());
beforeEach(async () => {
  told.length = 0;
  await test.empty();
});

const run = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => test.database.transactions.run(work);
const aHash = () => randomBytes(32).toString("hex");
const USER = aHash();
const NOW = new Date(1_800_000_000_000);

const aLift = (changes: Partial<NewLightningOperation> = {}): NewLightningOperation => ({
  operationId: randomUUID(),
  invoiceType: "lift",
  status: "pending",
  paymentHash: aHash(),
  claimsHash: true,
  bolt11: undefined,
  userPubkey: USER,
  sessionId: randomUUID(),
  assetId: "gBTC",
  amount: 50_000n,
  amountSats: 50_000n,
  fee: 0n,
  userScript: `5120${aHash()}`,
  memo: "coffee ☕",
  preimage: aHash(),
  expiresAt: NOW,
  wakeAt: NOW,
  ...changes,
});

const aLand = (changes: Partial<NewLightningOperation> = {}): NewLightningOperation =>
  aLift({
    invoiceType: "land",
    status: "pending_payment",
    claimsHash: false,
    bolt11: "lnbcrt1",
    fee: 50n,
    preimage: undefined,
    wakeAt: undefined,
    ...changes,
  });

const insert = (operation: NewLightningOperation): Promise<LightningOperation> =>
  run((tx) => operations.insert(tx, operation));

describe("the claim of a payment hash", () => {
  it("is one row's at a time: the second lift of a hash is refused and so is a land that quotes it", async () => {
    const lift = await insert(aLift());
    const refused = { code: "invoice_used" };
    await expect(insert(aLift({ paymentHash: lift.paymentHash }))).rejects.toMatchObject(refused);
    await expect(insert(aLand({ paymentHash: lift.paymentHash }))).rejects.toMatchObject(refused);
  });

  it("goes to one of the lands that quote a hash and run for it at once, and is free again when that one gives it back", async () => {
    const paymentHash = aHash();
    const lands = await Promise.all(Array.from({ length: 6 }, () => insert(aLand({ paymentHash }))));
    const claims = await Promise.allSettled(
      lands.map((land) => run((tx) => operations.move(tx, land, { claimedHash: paymentHash }, undefined))),
    );
    const [winner, ...others] = claims.flatMap((claim) => (claim.status === "fulfilled" ? [claim.value] : []));
    expect(others).toEqual([]);
    for (const claim of claims) {
      if (claim.status === "rejected") expect(claim.reason).toMatchObject({ code: "invoice_used" });
    }
    expect(await operations.findByHash(undefined, paymentHash, { userPubkey: aHash(), createdBy: undefined })).toEqual(
      winner,
    );
    await run((tx) => operations.move(tx, winner as LightningOperation, { claimedHash: null }, undefined));
    const loser = lands.find((land) => land.id !== winner?.id) as LightningOperation;
    await run((tx) => operations.move(tx, loser, { claimedHash: paymentHash }, undefined));
    expect((await operations.findByHash(undefined, paymentHash))?.id).toBe(loser.id);
  });

  it("decides who is found by a hash; without one it is the caller's newest row", async () => {
    const paymentHash = aHash();
    const stranger = aHash();
    await insert(aLand({ paymentHash }));
    const mine = await insert(aLand({ paymentHash }));
    const theirs = await insert(aLand({ paymentHash, userPubkey: stranger }));
    const asUser = { userPubkey: USER, createdBy: undefined };
    expect((await operations.findByHash(undefined, paymentHash, asUser))?.id).toBe(mine.id);
    expect((await operations.findByHash(undefined, paymentHash))?.id).toBe(theirs.id);
    expect(await operations.findByHash(undefined, aHash())).toBeUndefined();
  });
});

describe("a row's transition", () => {
  it("is refused when the machine does not have it, when somebody else moved first and when the worker's attempt is stale", async () => {
    const lift = await insert(aLift());
    const wrong = { code: "wrong_state" };
    await expect(run((tx) => operations.move(tx, lift, { status: "paid" }, undefined))).rejects.toMatchObject(wrong);
    await expect(run((tx) => operations.move(tx, lift, { status: "accepted" }, "stale"))).rejects.toMatchObject(wrong);
    const accepted = await run((tx) => operations.move(tx, lift, { status: "accepted" }, undefined));
    expect(accepted).toMatchObject({ status: "accepted", version: lift.version + 1, wakeSeq: lift.wakeSeq });
    await expect(run((tx) => operations.move(tx, lift, { status: "expired" }, undefined))).rejects.toMatchObject(wrong);
    expect(await operations.find(lift.operationId)).toEqual(accepted);
  });

  it("writes exactly the named fields, empties those that are null and keeps all others", async () => {
    const land = await insert(aLand());
    const change = {
      status: "received",
      feeLimitMsat: 12_345n,
      subsidySats: 7n,
      subsidyDay: "2027-01-15",
      receivedVtxoId: `${aHash()}:1`,
      errorCode: "payment_failed",
      lastError: "x".repeat(2_000),
      unknownSince: NOW,
      acceptedAt: NOW,
      attempts: 1,
    } as const;
    const received = await run((tx) => operations.move(tx, land, change, undefined));
    expect(received).toEqual({ ...land, ...change, lastError: "x".repeat(1_000), version: 2 });
    const cleared = { errorCode: null, lastError: null, unknownSince: null, subsidyDay: null } as const;
    expect(await run((tx) => operations.move(tx, received, cleared, undefined))).toEqual({
      ...received,
      errorCode: undefined,
      lastError: undefined,
      unknownSince: undefined,
      subsidyDay: undefined,
      version: 3,
    });
  });

  it("is told once it is committed, and not when its transaction was undone", async () => {
    const lift = await insert(aLift());
    const undone = run(async (tx) => {
      await operations.move(tx, lift, { status: "accepted" }, undefined);
      throw new Error("undone");
    });
    await expect(undone).rejects.toThrow("undone");
    expect(told).toEqual([["lift", "pending"]]);
    const accepted = await run((tx) => operations.move(tx, lift, { status: "accepted" }, undefined));
    await run((tx) => operations.move(tx, accepted, { htlcExpiryHeight: 9 }, undefined));
    expect(told).toEqual([
      ["lift", "pending"],
      ["lift", "accepted"],
    ]);
  });
});

describe("the preimage", () => {
  it("is sealed at rest, opens for its own row and does not open after it was moved to another", async () => {
    const preimage = aHash();
    const [mine, other] = [await insert(aLift({ preimage })), await insert(aLand())];
    const [row] = await test.database.select("SELECT preimage FROM lightning_invoices WHERE id = ?", [mine.id]);
    expect(readText(row ?? {}, "preimage")).not.toContain(preimage);
    expect(await operations.openPreimage(mine.operationId)).toBe(preimage);
    expect(await operations.openPreimage(other.operationId)).toBeUndefined();
    await test.database.write(
      "UPDATE lightning_invoices SET preimage = (SELECT p.preimage FROM lightning_invoices p WHERE p.id = ?) WHERE id = ?",
      [mine.id, other.id],
    );
    await expect(operations.openPreimage(other.operationId)).rejects.toThrow("changed or moved");
  });
});

describe("a row as work", () => {
  it("is taken by one worker under its task's name, fences that worker's writes, and is due again when it was woken meanwhile", async () => {
    const attempts = new DrizzleAttemptStore(test.database, { leaseSeconds: 20 });
    const lift = await insert(aLift({ wakeAt: new Date() }));
    const [taken, again] = [
      await attempts.take("lift_create", [lift.operationId]),
      await attempts.take("lift_create", [lift.operationId]),
    ].flat();
    if (taken?.kind !== "taken") throw new Error("not taken");
    expect(again).toEqual({ kind: "dropped" });
    const { attempt } = taken;
    await run((tx) => operations.move(tx, lift, { status: "accepted", attempts: 2 }, attempt.token));
    const wake = await run((tx) => operations.wake(tx, lift.operationId, new Date()));
    expect(wake).toMatchObject({ task: "lift_deliver", rowKey: lift.operationId, wakeSeq: lift.wakeSeq + 1 });
    const [end] = await attempts.end([{ attempt, end: { kind: "done" } }]);
    expect(end).toMatchObject({ kind: "ended", wake: { task: "lift_deliver", wakeSeq: lift.wakeSeq + 2 } });
    expect(await operations.find(lift.operationId)).toMatchObject({ attempts: 2, version: lift.version + 1 });
  });

  it("is given back with its lapsed lease for ever, because money may hang on it", async () => {
    const attempts = new DrizzleAttemptStore(test.database, { leaseSeconds: 20 });
    const sweep = new DrizzleSweepStore(test.database);
    const lift = await insert(aLift({ wakeAt: new Date() }));
    for (let lost = 1; lost <= 6; lost++) {
      await test.database.write("UPDATE lightning_invoices SET next_at = NOW(3) WHERE id = ?", [lift.id]);
      const [taken] = await attempts.take("lift_create", [lift.operationId]);
      expect(taken?.kind).toBe("taken");
      await test.database.write(
        "UPDATE lightning_invoices SET attempt_lease_until = NOW(3) - INTERVAL 1 SECOND WHERE id = ?",
        [lift.id],
      );
      const { wakes, deadRowKeys } = await sweep.releaseLapsed("lightning_invoices", 10);
      expect(deadRowKeys).toEqual([]);
      expect(wakes).toMatchObject([{ task: "lift_create", rowKey: lift.operationId }]);
    }
  });

  it("is not woken any more once it has ended, but a land that failed with its VTXO here still is", async () => {
    const lift = await insert(aLift());
    await run((tx) => operations.move(tx, lift, { status: "expired" }, undefined));
    expect(await run((tx) => operations.wake(tx, lift.operationId, NOW))).toBeUndefined();
    const land = await insert(aLand());
    const received = { status: "received", receivedVtxoId: `${aHash()}:0` } as const;
    const here = await run((tx) => operations.move(tx, land, received, undefined));
    await run((tx) => operations.move(tx, here, { status: "failed" }, undefined));
    expect(await run((tx) => operations.wake(tx, land.operationId, NOW))).toMatchObject({ task: "land_refund" });
  });
});

describe("the limits on open lifts and lands", () => {
  it("are counted under a lock, so that a user's lifts asked for at once do not pass them together", async () => {
    await test.database.write(
      `INSERT INTO vtxo_scripts (owner_pubkey, signer_pubkey, exit_delay, script, tap_tree, kind, first_seen)
       VALUES (?, ?, 512, ?, '', 'user', NOW(3))`,
      [USER, aHash(), `5120${aHash()}`],
    );
    const ask = () =>
      run(async (tx) => {
        const { ofUser } = await operations.countUnpaidLifts(tx, {
          userPubkey: USER,
          countedAs: "ip:203.0.113.7",
          assetId: "gBTC",
        });
        if (ofUser < 2) await operations.insert(tx, aLift());
      });
    await Promise.all(Array.from({ length: 8 }, ask));
    const counted = await run((tx) =>
      operations.countUnpaidLifts(tx, { userPubkey: USER, countedAs: "nobody", assetId: "gBTC" }),
    );
    expect(counted).toEqual({ ofUser: 2, ofCaller: 0, totalAmount: 100_000n });
  });

  it("count a lift for the caller it was written down for", async () => {
    await insert({ ...aLift(), countedAs: "ip:203.0.113.7" });
    await insert({ ...aLift(), countedAs: "key:solver" });
    const of = { userPubkey: USER, countedAs: "ip:203.0.113.7", assetId: "gBTC" };
    expect(await run((tx) => operations.countUnpaidLifts(tx, of))).toMatchObject({ ofUser: 2, ofCaller: 1 });
  });

  it("sum up what lands take of the channels: not those nobody has paid for yet, nor those that ended", async () => {
    const [payee, other] = [`02${aHash()}`, `03${aHash()}`];
    const open = async (payeePubkey: string, ...statuses: readonly LandStatus[]) => {
      let land = await insert(aLand({ payeePubkey }));
      for (const status of statuses) land = await run((tx) => operations.move(tx, land, { status }, undefined));
    };
    await open(payee);
    await open(payee, "received");
    await open(payee, "received", "in_flight");
    await open(other, "received", "in_flight");
    await open(payee, "received", "in_flight", "paid");
    expect(await operations.sumOpenLands(undefined, { payeePubkey: payee, assetId: "gBTC" })).toEqual({
      received: 50_000n,
      inFlight: 100_000n,
      toPayee: 100_000n,
    });
    expect(await operations.sumOpenLands(undefined, { payeePubkey: payee, assetId: "gold" })).toEqual({
      received: 0n,
      inFlight: 0n,
      toPayee: 0n,
    });
  });

  it("count a land from its payment to the gateway on until it has ended", async () => {
    const land = await insert(aLand());
    expect(await operations.countOpenLands(undefined, USER)).toBe(0);
    const change = { status: "received", receivedVtxoId: `${aHash()}:0` } as const;
    const received = await run((tx) => operations.move(tx, land, change, undefined));
    expect(await operations.countOpenLands(undefined, USER)).toBe(1);
    const failed = await run((tx) => operations.move(tx, received, { status: "failed" }, undefined));
    expect(await operations.countOpenLands(undefined, USER)).toBe(1);
    const refunding = await run((tx) => operations.move(tx, failed, { status: "refunding" }, undefined));
    await run((tx) => operations.move(tx, refunding, { status: "refunded" }, undefined));
    expect(await operations.countOpenLands(undefined, USER)).toBe(0);
  });
});

describe("an attempt to pay", () => {
  it("keeps its first and its newest send, ends at most once, and is never sent after its end", async () => {
    const { operationId, paymentHash } = await insert(aLand());
    const write = (attempt: number) =>
      run((tx) =>
        operations.insertAttempt(tx, { operationId, attempt, paymentHash, lndPubkey: `02${aHash()}`, topIndex: 7n }),
      );
    await write(1);
    await write(2);
    await expect(write(2)).rejects.toThrow("uq_lightning_attempts_attempt");
    const end = { status: "failed", terminal: "no_route", paymentIndex: 8n } as const;
    const later = new Date(NOW.getTime() + 5_000);
    expect(await run((tx) => operations.markAttemptSent(tx, operationId, 1, NOW))).toBe(true);
    expect(await run((tx) => operations.markAttemptSent(tx, operationId, 1, later))).toBe(true);
    await run((tx) => operations.markAttemptForgotten(tx, operationId, 1, NOW));
    await run((tx) => operations.markAttemptForgotten(tx, operationId, 1, new Date(NOW.getTime() + 1_000)));
    expect(await run((tx) => operations.endAttempt(tx, operationId, 1, end))).toBe(true);
    expect(await run((tx) => operations.endAttempt(tx, operationId, 1, { ...end, status: "succeeded" }))).toBe(false);
    expect(await run((tx) => operations.endAttempt(tx, operationId, 2, { ...end, paymentIndex: undefined }))).toBe(
      true,
    );
    expect(await run((tx) => operations.markAttemptSent(tx, operationId, 2, NOW))).toBe(false);
    expect(await operations.listAttempts(operationId)).toMatchObject([
      {
        attempt: 1,
        status: "failed",
        sentAt: NOW,
        lastSentAt: new Date(NOW.getTime() + 5_000),
        sends: 2,
        terminal: "no_route",
        forgottenAt: NOW,
        paymentIndex: 8n,
        topIndex: 7n,
      },
      { attempt: 2, status: "failed", sentAt: undefined, paymentIndex: undefined },
    ]);
  });
});

describe("lists", () => {
  it("page by id and keep to their filter", async () => {
    const [first, second] = [await insert(aLift()), await insert(aLift())];
    const land = await insert(aLand({ userPubkey: aHash() }));
    await run((tx) => operations.move(tx, first, { status: "expired" }, undefined));
    await run((tx) => operations.move(tx, land, { unknownSince: NOW }, undefined));
    const ids = async (...of: Parameters<typeof operations.list>) =>
      (await operations.list(...of)).map((operation) => operation.id);
    expect(await ids({}, 2, undefined)).toEqual([land.id, second.id]);
    expect(await ids({}, 2, second.id)).toEqual([first.id]);
    expect(await ids({ userPubkey: USER, pendingOnly: true }, 9, undefined)).toEqual([second.id]);
    expect(await ids({ invoiceType: "land" }, 9, undefined)).toEqual([land.id]);
    expect(await ids({ unknownBefore: NOW }, 9, undefined)).toEqual([]);
    expect(await ids({ unknownBefore: new Date(NOW.getTime() + 1) }, 9, undefined)).toEqual([land.id]);
    expect((await operations.listOpenLifts(0n, 9)).map(({ id }) => id)).toEqual([second.id]);
    expect(await operations.listOpenLifts(second.id, 9)).toEqual([]);
    expect(await operations.listInFlightLands(0n, 9)).toEqual([]);
    expect(await operations.readStatistics(new Date(Date.now() - 60_000))).toEqual({
      total: 3,
      paid: 0,
      pending: 2,
      expired: 1,
      lifts: 2,
      lands: 1,
      volumeSats: 0n,
    });
  });
});

describe("a payout", () => {
  const aPayout = (changes: Partial<NewPayout> = {}): NewPayout => ({
    kind: "lift",
    businessId: randomUUID(),
    pivotVtxoId: `${aHash()}:0`,
    script: `5120${aHash()}`,
    ownerPubkey: USER,
    assetId: "gBTC",
    amount: 50_000n,
    amountSats: 50_000n,
    ...changes,
  });

  it("exists once per kind and business id: who plans it again gets the first one, pivot and all", async () => {
    const wanted = aPayout();
    const first = await run((tx) => payouts.insert(tx, wanted));
    const again = await run((tx) => payouts.insert(tx, { ...wanted, pivotVtxoId: `${aHash()}:9` }));
    expect(again).toEqual(first);
    expect(await payouts.find("refund", wanted.businessId)).toBeUndefined();
  });

  it("moves by its machine alone, and for one of two who move it at once", async () => {
    const payout = await run((tx) => payouts.insert(tx, aPayout()));
    const wrong = { code: "wrong_state" };
    await expect(run((tx) => payouts.move(tx, payout, { status: "final" }))).rejects.toMatchObject(wrong);
    const submitting = await run((tx) => payouts.move(tx, payout, { status: "submitting" }));
    await expect(run((tx) => payouts.move(tx, payout, { status: "cancelled" }))).rejects.toMatchObject(wrong);
    const txid = aHash();
    const accepted = await run((tx) => payouts.move(tx, submitting, { status: "accepted", txid }));
    expect(accepted).toEqual({ ...payout, status: "accepted", txid, version: 3 });
  });

  it("keeps every attempt as it was planned, and its final checkpoints beside the unsigned ones", async () => {
    const payout = await run((tx) => payouts.insert(tx, aPayout()));
    const attempt = {
      payoutId: payout.id,
      attempt: 1,
      pivotVtxoId: payout.pivotVtxoId,
      txid: aHash(),
      role: "pay",
      unsignedPsbt: "cHNidA==",
      signedPsbt: undefined,
      checkpoints: ["a", "b"].map((txid) => ({ txid, unsignedPsbt: `unsigned ${txid}`, finalPsbt: undefined })),
      outputs: [{ vout: 0, role: "recipient", ownerPubkey: USER, script: payout.script, amountSats: 2n ** 60n }],
      inputVtxoIds: [payout.pivotVtxoId],
    } as const;
    await run((tx) => payouts.insertAttempt(tx, attempt));
    expect(await payouts.listAttempts(payout.id)).toEqual([
      { ...attempt, lastSentAt: undefined, outcome: "open", submitState: NEVER_SENT },
    ]);
    const finalCheckpoints = new Map([["b", "final b"]]);
    await run((tx) => payouts.changeAttempt(tx, payout.id, 1, { signedPsbt: "signed", lastSentAt: NOW }));
    await run((tx) => payouts.changeAttempt(tx, payout.id, 1, { outcome: "accepted", finalCheckpoints }));
    expect(await payouts.listAttempts(payout.id)).toMatchObject([
      {
        signedPsbt: "signed",
        lastSentAt: NOW,
        outcome: "accepted",
        checkpoints: [
          { txid: "a", finalPsbt: undefined },
          { txid: "b", unsignedPsbt: "unsigned b", finalPsbt: "final b" },
        ],
      },
    ]);
  });
});

describe("a daily budget", () => {
  it("never gives more than its limit, however many ask at once, and takes back what was not used", async () => {
    const ask = (wanted: bigint) =>
      run((tx) => budgets.reserve(tx, { name: "routing_subsidy", day: "2027-01-15", limit: 100n, wanted }));
    const taken = await Promise.all(Array.from({ length: 12 }, () => ask(15n)));
    expect(taken.reduce((sum, each) => sum + each, 0n)).toBe(100n);
    await run((tx) => budgets.giveBack(tx, { name: "routing_subsidy", day: "2027-01-15", amount: 30n }));
    expect(await ask(50n)).toBe(30n);
    expect(await ask(1n)).toBe(0n);
    const nextDay = { name: "routing_subsidy", day: "2027-01-16", limit: 100n, wanted: 1n };
    expect(await run((tx) => budgets.reserve(tx, nextDay))).toBe(1n);
  });
});
