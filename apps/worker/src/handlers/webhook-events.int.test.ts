import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { GBTC } from "@arkrelay/core/vtxo/vtxo";
import { intentReceivedEvent } from "@arkrelay/core/webhook/intent-event";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { openAssetWorld } from "../testing/asset-world";
import { openCeremonyWorld, ownerCaller, solverCaller, type CeremonyWorld } from "../testing/ceremony-world";
import { openLandWorld } from "../testing/land-world";
import { openWebhookWorld, type WebhookWorld } from "../testing/webhook-world";

interface Heard {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

let test: TestDatabase;
let hooks: WebhookWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
beforeEach(async () => {
  await test.empty();
  hooks = openWebhookWorld(test);
});
afterEach(() => hooks.close());
afterAll(() => test.close());

/** An endpoint of somebody that hears everything it may, and what it was told so far. */
async function listen(owner: ReturnType<typeof ownerCaller>): Promise<() => Promise<readonly Heard[]>> {
  const { endpoint } = await hooks.endpoint("https://solver.example/", {}, owner);
  return async () => (await hooks.list(endpoint)).map(({ body }) => JSON.parse(body) as Heard);
}

const ADMIN = { ...solverCaller("none"), principal: "admin", isAdmin: true };
const typesOf = (heard: readonly Heard[]): readonly string[] => heard.map(({ type }) => type);

describe("a transfer", () => {
  let world: CeremonyWorld;
  beforeEach(async () => {
    world = await openCeremonyWorld(test);
    await world.stockFees(3);
    world.arkd.fund(ALICE.pubkey, 60_000n);
  });

  const pay = { params: { asset_id: GBTC, amount: 40_000, recipient_pubkey: BOB.pubkey } };
  const settle = async (sessionId: string): Promise<void> => {
    await world.drive(sessionId);
    await world.answer(ALICE, sessionId);
    await world.drive(sessionId);
    await world.answer(ALICE, sessionId);
    await world.drive(sessionId);
  };

  it("is told to its user, its solver and the operator as it goes, to its recipient when it is final, to nobody else", async () => {
    const [user, solver, admin, recipient, stranger, otherKey] = await Promise.all(
      [
        ownerCaller(ALICE.pubkey),
        solverCaller("maker"),
        ADMIN,
        ownerCaller(BOB.pubkey),
        solverCaller("stranger"),
        ownerCaller("ee".repeat(32)),
      ].map(listen),
    );
    const { session } = await world.open(ALICE, pay, { caller: solverCaller("maker") });
    await settle(session.sessionId);
    const whole = [
      "session.created",
      "session.challenge_sent",
      "session.challenge_sent",
      "session.completed",
      "transaction.finalized",
    ];
    expect(typesOf((await user?.()) ?? [])).toEqual(whole);
    expect(typesOf((await solver?.()) ?? [])).toEqual(whole);
    expect(typesOf((await admin?.()) ?? [])).toEqual(whole);
    expect(typesOf((await recipient?.()) ?? [])).toEqual(["transaction.finalized"]);
    expect(await stranger?.()).toEqual([]);
    expect(await otherKey?.()).toEqual([]);
  });

  it("names the session as the list does, with action, txid and error", async () => {
    const user = await listen(ownerCaller(ALICE.pubkey));
    const { session } = await world.open(ALICE, pay);
    await settle(session.sessionId);
    const heard = await user();
    const { resultData, intent } = await world.getSession(session.sessionId);
    expect(heard[0]?.data).toMatchObject({
      session_id: session.sessionId,
      user_pubkey: `${ALICE.pubkey.slice(0, 8)}...`,
      session_type: "p2p_transfer",
      status: "initiated",
      action_id: intent.actionId,
      has_result: false,
    });
    expect(heard.find(({ type }) => type === "session.completed")?.data).toMatchObject({
      status: "completed",
      has_result: true,
      txid: resultData?.["txid"],
    });
  });

  it("shows each party its own outputs, and nobody's keys", async () => {
    const user = await listen(ownerCaller(ALICE.pubkey));
    const recipient = await listen(ownerCaller(BOB.pubkey));
    const { session } = await world.open(ALICE, pay);
    await settle(session.sessionId);
    const final = (heard: readonly Heard[]) => heard.find(({ type }) => type === "transaction.finalized")?.data;
    const ownersOf = (data: Heard["data"] = {}) =>
      (data["outputs"] as { amount_sats: number; owner: string }[]).map((each) => [each.amount_sats, each.owner]);
    expect(ownersOf(final(await user()))).toEqual([
      [40_000, "other"],
      [19_990, "you"],
      [1_010, "gateway"],
    ]);
    const seen = final(await recipient());
    expect(ownersOf(seen)).toEqual([
      [40_000, "you"],
      [19_990, "other"],
      [1_010, "gateway"],
    ]);
    expect(seen).toMatchObject({ status: "confirmed", session_id: session.sessionId, amount_sats: 40_000 });
    expect(JSON.stringify(seen)).not.toContain(ALICE.pubkey);
  });

  it("that is cancelled or runs out of time says how it ended", async () => {
    const user = await listen(ownerCaller(ALICE.pubkey));
    const cancelled = await world.open(ALICE, pay);
    await test.database.transactions.run((tx) =>
      cancelSession(world.deps, tx, {
        sessionId: cancelled.session.sessionId,
        caller: ownerCaller(ALICE.pubkey),
        reason: "changed my mind",
      }),
    );
    await world.open(ALICE, pay);
    world.clock.advance(3_600_000);
    await expireSessions(world.deps, { limit: 10 });
    const ends = (await user()).filter(({ type }) => type !== "session.created");
    expect(ends).toMatchObject([
      { type: "session.failed", data: { status: "failed", error_code: "session_cancelled" } },
      { type: "session.expired", data: { status: "expired", error_code: "session_expired" } },
    ]);
  });

  it("whose transaction is rolled back is told to nobody", async () => {
    const user = await listen(ownerCaller(ALICE.pubkey));
    await expect(
      test.database.transactions.run(async (tx) => {
        await hooks.outbox.announce(tx, {
          type: "session.created",
          objectKey: "session:x",
          audience: { kind: "everyone" },
          dataFor: () => ({}),
        });
        throw new Error("undone");
      }),
    ).rejects.toThrow();
    expect(await user()).toEqual([]);
  });
});

describe("Lightning", () => {
  it("tells the parties of a lift when it is held and paid, and never the preimage", async () => {
    const world = await openLandWorld(test);
    await world.stock(100_000n);
    const user = await listen(ownerCaller(ALICE.pubkey));
    const stranger = await listen(ownerCaller(BOB.pubkey));
    const operation = await world.paid(ALICE.pubkey);
    await world.settle(operation);
    const heard = (await user()).filter(({ type }) => type.startsWith("lightning."));
    expect(heard).toMatchObject([
      { type: "lightning.lift.accepted", data: { payment_hash: operation.paymentHash, status: "accepted" } },
      { type: "lightning.lift.paid", data: { status: "paid", lnd_settled: true, txid: expect.any(String) } },
    ]);
    expect(JSON.stringify(heard)).not.toContain(await world.deps.operations.openPreimage(operation.operationId));
    expect(await stranger()).toEqual([]);
  });

  it("tells the parties of a land how its payment goes", async () => {
    const world = await openLandWorld(test);
    await world.stockFees(3);
    await world.fund(ALICE, 100_000n, 100_000n);
    const user = await listen(ownerCaller(ALICE.pubkey));
    const paid = await world.received(ALICE, world.invoice().bolt11);
    await world.settleLand(paid.operationId);
    const types = typesOf(await user()).filter((type) => !type.startsWith("session."));
    expect(types).toEqual(["transaction.finalized", "lightning.land.in_flight", "lightning.land.paid"]);
  });

  it("tells of a refund as well", async () => {
    const world = await openLandWorld(test);
    await world.stockFees(3);
    await world.fund(ALICE, 100_000n);
    const user = await listen(ownerCaller(ALICE.pubkey));
    const land = await world.received(ALICE, world.invoice({}, () => ({ kind: "fail", reason: "no_route" })).bolt11);
    await world.settleLand(land.operationId);
    const types = typesOf(await user()).filter((type) => type.startsWith("lightning."));
    expect(new Set(types)).toEqual(
      new Set(["lightning.land.in_flight", "lightning.land.failed", "lightning.land.refunded"]),
    );
  });
});

it("the first units of an asset are told to everyone, once", async () => {
  const world = await openAssetWorld(test);
  const anyone = await listen(solverCaller("anyone"));
  await world.register({});
  await world.stock(100_000n, 100_000n);
  await world.mint(ALICE, { amount: 300 });
  expect(await anyone()).toMatchObject([
    { type: "asset.issued", data: { asset_id: "gold", status: "active", ark_asset_id: expect.any(String) } },
  ]);
  // A second mint issues nothing.
  await world.mint(BOB, { amount: 1 });
  expect(await anyone()).toHaveLength(1);
});

it("an intent for solvers is told to the one it names, or to all who listen", async () => {
  const named = await listen(ownerCaller("aa".repeat(32)));
  const other = await listen(solverCaller("other"));
  const event = {
    id: "01".repeat(32),
    pubkey: ALICE.pubkey,
    kind: 31510,
    created_at: 1,
    tags: [],
    content: "{}",
    sig: "",
  };
  await test.database.transactions.run(async (tx) => {
    await hooks.outbox.announce(tx, intentReceivedEvent(event, "aa".repeat(32)));
    await hooks.outbox.announce(tx, intentReceivedEvent({ ...event, id: "02".repeat(32) }, undefined));
  });
  expect((await named()).map(({ data }) => data["id"])).toEqual([event.id, "02".repeat(32)]);
  expect((await other()).map(({ data }) => data["id"])).toEqual(["02".repeat(32)]);
});
