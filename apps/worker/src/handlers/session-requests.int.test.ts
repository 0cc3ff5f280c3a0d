import { AppError } from "@arkrelay/core/errors";
import { CHALLENGE_KIND, NOTIFICATION_KIND } from "@arkrelay/core/nostr/kinds";
import { notificationContentSchema } from "@arkrelay/core/nostr/notification-content";
import { serviceResponseSchema } from "@arkrelay/core/nostr/service-response";
import { cancelSession } from "@arkrelay/core/session/cancel-session";
import { endSession } from "@arkrelay/core/session/end-session";
import { ALICE, BOB } from "@arkrelay/core/testing/ark-transfer";
import { syncVtxos } from "@arkrelay/core/vtxo/sync-vtxos";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";

import { ownerCaller } from "../testing/ceremony-world";
import { openLiftWorld } from "../testing/lift-world";
import { openRequests, type Requests } from "../testing/request-world";

let test: TestDatabase;
let world: Requests;

beforeAll(async () => {
  test = await openTestDatabase();
});
beforeEach(async () => {
  await test.empty();
  world = openRequests(test, await openLiftWorld(test));
  await world.stockFees(3);
  world.arkd.fund(ALICE.pubkey, 100_000n);
  await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
});
afterAll(() => test.close());

/** A transfer of ALICE's that nobody has driven yet. */
async function openTransfer(extra: object = {}, actionId = "pay-0001"): Promise<string> {
  const params = {
    asset_id: "gBTC",
    amount: 40_000,
    recipient_pubkey: BOB.pubkey,
    fee_asset_id: "gBTC",
    fee_amount: 10,
  };
  const expires_at = Math.floor(world.clock.now().getTime() / 1000) + 3_600;
  const opened = await world.open(ALICE, { action_id: actionId, type: "p2p_transfer", params, expires_at }, extra);
  return opened.session.sessionId;
}
/** Driven and answered until it has ended. */
async function finish(sessionId: string): Promise<void> {
  for (let round = 0; round < 20; round++) {
    await world.driveSession(sessionId);
    const { status } = await world.getSession(sessionId);
    if (status === "completed") return;
    if ((await world.openChallenge(sessionId)) !== undefined) await world.answer(ALICE, sessionId);
  }
  throw new Error(`session ${sessionId} does not end`);
}
const cancel = (sessionId: string) =>
  test.database.transactions.run((tx) =>
    cancelSession(world.deps, tx, { sessionId, caller: ownerCaller(ALICE.pubkey), reason: "no" }),
  );
const updates = async () => {
  const told = await world.readOutbox(ALICE, NOTIFICATION_KIND);
  return told.filter(({ content }) => content["type"] === "status_update");
};
const challenges = () => world.readOutbox(ALICE, CHALLENGE_KIND);

describe("monitor_status", () => {
  const monitor = (sessionId: string, fields: object = {}) => ({
    request_id: "mon-00001",
    action: "monitor_status",
    session_id: sessionId,
    ...fields,
  });

  it("shows where a session stands", async () => {
    const sessionId = await openTransfer();
    const { createdAt } = await world.getSession(sessionId);
    const content = await world.ask(ALICE, monitor(sessionId));
    expect(serviceResponseSchema.safeParse(content).error).toBeUndefined();
    expect(content).toMatchObject({
      status: "success",
      session_id: sessionId,
      session_status: "initiated",
      ceremony_state: "intent_received",
      current_step: 1,
      total_steps: 6,
      progress_percent: 5,
      started_at: createdAt.toISOString(),
    });
    expect(content).not.toHaveProperty("completed_steps");
  });

  it("shows steps and open challenge when details are asked for", async () => {
    const sessionId = await openTransfer();
    await world.driveSession(sessionId);
    const content = await world.ask(ALICE, monitor(sessionId, { detailed: true }));
    expect(serviceResponseSchema.safeParse(content).error).toBeUndefined();
    expect(content).toMatchObject({
      session_status: "challenge_sent",
      current_step_name: "signature_collection",
      stage: "ark_tx",
      completed_steps: ["intent_verification", "ark_transaction_prep", "checkpoint_transaction_prep"],
      open_challenge_id: (await world.openChallenge(sessionId))?.challengeId,
    });
  });

  it("is followed by an update on every change until the session has ended", async () => {
    const sessionId = await openTransfer();
    const { event } = await world.send(ALICE, monitor(sessionId));
    await finish(sessionId);
    const told = await updates();
    for (const { content } of told) expect(notificationContentSchema.safeParse(content).error).toBeUndefined();
    expect(told.map(({ content }) => [content["message"], content["step"], content["progress_percent"]])).toEqual([
      ["challenge_sent", 4, 25],
      ["awaiting_signature", 4, 25],
      ["signing", 5, 45],
      ["signing", 5, 45],
      ["signing", 4, 60],
      ["signing", 5, 80],
      ["signing", 5, 80],
      ["signing", 6, 90],
      ["completed", 6, 100],
    ]);
    expect(told[0]?.content).toMatchObject({ request_id: "mon-00001", session_id: sessionId, total_steps: 6 });
    expect(told[0]?.event.tags).toContainEqual(["e", event.id]);
    const places = new Set(told.map(({ event: { tags } }) => tags.find(([name]) => name === "d")?.[1]));
    expect(places.size).toBe(told.length);
    const after = await world.ask(ALICE, monitor(sessionId, { request_id: "mon-00002" }));
    expect(after).toMatchObject({ session_status: "completed", progress_percent: 100, txid: expect.any(String) });
  });

  it("tells how a session failed", async () => {
    const sessionId = await openTransfer();
    await world.send(ALICE, monitor(sessionId));
    await cancel(sessionId);
    expect((await updates()).map(({ content }) => [content["message"], content["error_code"]])).toEqual([
      ["failed", 3004],
    ]);
  });

  it("reaches a worker that had read the session before it was asked for", async () => {
    const sessionId = await openTransfer();
    const stale = await world.getSession(sessionId);
    await world.send(ALICE, monitor(sessionId));
    const error = new AppError("session_cancelled");
    await test.database.transactions.run((tx) => endSession(world.deps, tx, stale, { status: "failed", error }));
    expect((await updates()).map(({ content }) => content["message"])).toEqual(["failed"]);
  });

  it("is told over Nostr of a session that only uses HTTP, for it was asked for there", async () => {
    const sessionId = await openTransfer({ delivery: "http" });
    await world.send(ALICE, monitor(sessionId));
    await world.driveSession(sessionId);
    expect(await updates()).toHaveLength(1);
    expect(await challenges()).toEqual([]);
  });

  it("ends with its time", async () => {
    const sessionId = await openTransfer();
    await world.send(ALICE, monitor(sessionId, { timeout: 60 }));
    world.clock.advance(60_000);
    await world.driveSession(sessionId);
    expect(await updates()).toEqual([]);
  });

  it("without any time is answered and nothing more", async () => {
    const sessionId = await openTransfer();
    expect(await world.ask(ALICE, monitor(sessionId, { timeout: 0 }))).toMatchObject({ status: "success" });
    await world.driveSession(sessionId);
    expect(await updates()).toEqual([]);
  });

  it("asked for again goes on under the new request", async () => {
    const sessionId = await openTransfer();
    await world.send(ALICE, monitor(sessionId, { timeout: 60 }));
    await world.send(ALICE, monitor(sessionId, { request_id: "mon-00002" }));
    world.clock.advance(61_000);
    await world.driveSession(sessionId);
    expect((await updates()).map(({ content }) => content["request_id"])).toEqual(["mon-00002"]);
  });

  it("follows a lift to its end", async () => {
    await world.stock(100_000n);
    const operation = await world.startInvoice(ALICE.pubkey);
    await world.send(ALICE, monitor(operation.sessionId));
    world.lightning.receive(operation.paymentHash);
    await world.settle(operation);
    expect((await updates()).at(-1)?.content).toMatchObject({ message: "completed", progress_percent: 100 });
  });

  it("of somebody else's session is answered as if there were none, and watches nothing", async () => {
    const sessionId = await openTransfer();
    const content = await world.ask(BOB, monitor(sessionId));
    expect(content).toMatchObject({ status: "error", error_code: 1000, error_message: "Not found" });
    await world.driveSession(sessionId);
    expect([...(await updates()), ...(await world.readOutbox(BOB, NOTIFICATION_KIND))]).toEqual([]);
    const none = await world.ask(BOB, monitor("no-such-session", { request_id: "mon-00002" }));
    expect(none).toMatchObject({ error_code: 1000, error_message: "Not found", details: content["details"] });
  });

  it.each([
    ["a longer time than five minutes", { timeout: 301 }],
    ["a session_id that none can be", { session_id: "../1" }],
    ["no session_id", { session_id: undefined }],
  ])("refuses %s", async (_name, fields) => {
    const content = await world.ask(ALICE, monitor(await openTransfer(), fields));
    expect(content).toMatchObject({ status: "error", error_code: 1002 });
  });

  it("under a request_id that was answered sends that answer again and prolongs nothing", async () => {
    const sessionId = await openTransfer();
    await world.send(ALICE, monitor(sessionId, { timeout: 60 }));
    await test.database.write("UPDATE nostr_outbox SET status = 'done'");
    world.clock.advance(59_000);
    await world.send(ALICE, monitor(sessionId, { timeout: 60 }));
    expect(await world.answersTo(ALICE)).toMatchObject([{ status: "pending" }]);
    world.clock.advance(2_000);
    await world.driveSession(sessionId);
    expect(await updates()).toEqual([]);
  });
});

describe("request_challenge", () => {
  const request = (sessionId: string, fields: object = {}) => ({
    request_id: "chal-0001",
    action: "request_challenge",
    session_id: sessionId,
    ...fields,
  });

  it("sends the open challenge again, the same event", async () => {
    const sessionId = await openTransfer();
    await world.driveSession(sessionId);
    const open = await world.openChallenge(sessionId);
    await test.database.write("UPDATE nostr_outbox SET status = 'done'");
    const content = await world.ask(ALICE, request(sessionId));
    expect(serviceResponseSchema.safeParse(content).error).toBeUndefined();
    expect(content).toMatchObject({
      status: "pending",
      session_id: sessionId,
      challenge_id: open?.challengeId,
      expires_at: open?.expiresAt.toISOString(),
    });
    expect(await challenges()).toMatchObject([{ status: "pending", event: { id: open?.challengeEventId } }]);
  });

  it("prepares a new challenge after the first has expired, and it can be signed", async () => {
    const sessionId = await openTransfer();
    await world.driveSession(sessionId);
    const first = await world.openChallenge(sessionId);
    world.clock.advance(301_000);
    await world.driveSession(sessionId);
    expect(await world.openChallenge(sessionId)).toBeUndefined();
    const content = await world.ask(ALICE, request(sessionId));
    const second = await world.openChallenge(sessionId);
    expect(content).toMatchObject({ status: "pending", challenge_id: second?.challengeId });
    expect(second?.challengeId).not.toBe(first?.challengeId);
    expect((await challenges()).at(-1)?.content).toMatchObject({ challenge_id: second?.challengeId });
    await finish(sessionId);
  });

  it("sends challenge 2 again with a new time of advice, the same challenge", async () => {
    const sessionId = await openTransfer();
    await world.driveSession(sessionId);
    await world.answer(ALICE, sessionId);
    await world.driveSession(sessionId);
    const open = await world.openChallenge(sessionId);
    expect(open?.stage).toBe("checkpoint_txs");
    world.clock.advance(61_000);
    const content = await world.ask(ALICE, request(sessionId));
    expect(content).toMatchObject({ challenge_id: open?.challengeId });
    expect(Date.parse(String(content["expires_at"]))).toBeGreaterThan(world.clock.now().getTime());
    const sent = (await challenges()).filter((each) => each.content["stage"] === "checkpoint_txs");
    expect(sent.map((each) => each.content["payload_ref"])).toEqual([open?.payloadRef, open?.payloadRef]);
    expect(sent.at(-1)?.content["expires_at"]).toBe(content["expires_at"]);
  });

  it("brings the challenge of a session that only uses HTTP over Nostr", async () => {
    const sessionId = await openTransfer({ delivery: "http", autoStart: false });
    const content = await world.ask(ALICE, request(sessionId));
    const sent = await challenges();
    expect(sent.map((each) => each.content["challenge_id"])).toEqual([content["challenge_id"]]);
  });

  it("that must wait for an earlier transfer says so, and the challenge comes by itself", async () => {
    world.arkd.fund(ALICE.pubkey, 100_000n);
    await syncVtxos(world.deps, { ownerPubkey: ALICE.pubkey });
    const first = await openTransfer();
    await world.driveSession(first);
    await world.answer(ALICE, first);
    await world.driveSession(first);
    const second = await openTransfer({ autoStart: false }, "pay-0002");
    const content = await world.ask(ALICE, request(second));
    expect(content).toMatchObject({ status: "pending", session_id: second });
    expect(content).not.toHaveProperty("challenge_id");
    await finish(first);
    await world.driveSession(second);
    expect(await world.openChallenge(second)).toBeDefined();
  });

  it("of somebody else's session is answered as if there were none", async () => {
    const sessionId = await openTransfer();
    expect(await world.ask(BOB, request(sessionId))).toMatchObject({ status: "error", error_code: 1000 });
    expect(await world.openChallenge(sessionId)).toBeUndefined();
  });

  it("of a session that has ended is refused", async () => {
    const sessionId = await openTransfer();
    await cancel(sessionId);
    const content = await world.ask(ALICE, request(sessionId));
    expect(content).toMatchObject({ status: "error", details: { code: "wrong_state", status: "failed" } });
  });

  it("of a session whose time is over is refused", async () => {
    const sessionId = await openTransfer();
    world.clock.advance(901_000);
    expect(await world.ask(ALICE, request(sessionId))).toMatchObject({ status: "error", error_code: 3002 });
  });

  it("of a lift is refused: nobody signs for one", async () => {
    await world.stock(100_000n);
    const { sessionId } = await world.startInvoice(ALICE.pubkey);
    const content = await world.ask(ALICE, request(sessionId));
    expect(content).toMatchObject({ status: "error", details: { code: "wrong_state" } });
  });

  it("refuses a session_id that none can be", async () => {
    expect(await world.ask(ALICE, request("../1"))).toMatchObject({ status: "error", error_code: 1002 });
  });

  it("under a request_id that was answered makes no other challenge", async () => {
    const sessionId = await openTransfer({ autoStart: false });
    const first = await world.ask(ALICE, request(sessionId));
    world.clock.advance(301_000);
    await world.driveSession(sessionId);
    expect(await world.ask(ALICE, request(sessionId))).toEqual(first);
    expect(await world.openChallenge(sessionId)).toBeUndefined();
  });
});
