import { randomBytes } from "node:crypto";

import { canonicalJson } from "@arkrelay/core/canonical-json";
import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import type { SignPayloadChallenge } from "@arkrelay/core/nostr/challenge-content";
import { RESPONSE_KIND } from "@arkrelay/core/nostr/kinds";
import { signSchnorr, verifySchnorr } from "@arkrelay/core/schnorr";
import { completeSession } from "@arkrelay/core/session/complete-protocol-op";
import { respondToChallenge } from "@arkrelay/core/session/respond-to-challenge";
import type { Session } from "@arkrelay/core/session/session";
import { taggedHash } from "@arkrelay/core/tagged-hash";
import { ALICE, BOB, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { DrizzleWebhookEndpointStore } from "@arkrelay/db/stores/webhook-endpoint-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";
import { createSealer } from "@arkrelay/runtime/sealing";

import { openCeremonyWorld, solverCaller, type CeremonyWorld } from "../testing/ceremony-world";

const SOLVER = solverCaller("amm");
const PARAMS = { pool_id: "gUSD-gBTC", in_asset: "gUSD", in_amount: 100, note: "é" };

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const fromHex = (text: string) => Buffer.from(text, "hex");

let test: TestDatabase;
let world: CeremonyWorld;

beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(async () => {
  await test.empty();
  world = await openCeremonyWorld(test);
});

const content = (fields: Record<string, unknown> = {}) => ({
  action_id: "swap-0001",
  type: "amm:swap",
  params: PARAMS,
  expires_at: Math.floor(world.clock.now().getTime() / 1000) + 600,
  ...fields,
});

/** A solver opens it over an intent that its user has published. */
async function openedBySolver(fields: Record<string, unknown> = {}) {
  const event = world.intentEvent(ALICE, content(fields));
  await world.process(event);
  const { session } = await open(event);
  return { event, session };
}

const open = (intentEvent: ReturnType<CeremonyWorld["intentEvent"]>, extra: object = {}) =>
  world.open(ALICE, {}, { sessionType: "protocol_op", caller: SOLVER, intentEvent, ...extra });

async function challengeOf({ sessionId }: Session): Promise<SignPayloadChallenge> {
  const challenge = await world.openChallenge(sessionId);
  if (challenge?.content.type !== "sign_payload") throw new Error("no payload is to be signed");
  return challenge.content;
}

function signatureOf(key: TestKey, { payload_to_sign }: SignPayloadChallenge): string {
  return toHex(signSchnorr(fromHex(payload_to_sign), key.secretKey, randomBytes(32)));
}

/** The 31512 of a wallet that signs what it is asked, or of one that does not. */
function answerEvent(key: TestKey, challenge: SignPayloadChallenge, signature = signatureOf(key, challenge)) {
  const identity = createGatewayIdentity(key.secretKey);
  const gatewayPubkey = world.deps.identity?.pubkey ?? "";
  const { session_id, challenge_id, payload_ref } = challenge;
  const response = { session_id, type: "sign_payload", payload_ref, algo: "BIP340", challenge_id, signature };
  return identity.sign({
    kind: RESPONSE_KIND,
    created_at: Math.floor(world.clock.now().getTime() / 1000),
    tags: [["p", gatewayPubkey]],
    content: identity.encrypt(gatewayPubkey, JSON.stringify(response), "nip44"),
  });
}

const statusOf = async (actionId = "swap-0001") => {
  const [row] = await test.database.select("SELECT status, type FROM intents WHERE action_id = ?", [actionId]);
  return row;
};

it.each(["amm:swap", "lend:borrow", "misc:sign_note"])(
  "stores a published %s, and does nothing with it",
  async (type) => {
    const event = world.intentEvent(ALICE, content({ type }));
    expect(await world.process(event)).toEqual({ errorCode: undefined, wakes: [] });
    expect(await statusOf()).toEqual({ status: "stored", type });
    // The same event and the same content once more change nothing; other content of the id is refused.
    expect((await world.process(event)).errorCode).toBeUndefined();
    expect((await world.process(world.intentEvent(ALICE, content({ type })))).errorCode).toBeUndefined();
    expect((await world.process(world.intentEvent(ALICE, content({ type, params: {} })))).errorCode).toBe(
      "duplicate_action",
    );
    expect(await test.database.select("SELECT id FROM signing_sessions")).toEqual([]);
    expect(await statusOf()).toEqual({ status: "stored", type });
  },
);

it.each([
  ["every subscriber, when it names no solver", {}, ["key:amm", `nostr:${BOB.pubkey}`]],
  ["the solver it names by its API key", { solver_id: "amm" }, ["key:amm"]],
  ["the solver it names by its key", { solver_id: BOB.pubkey }, [`nostr:${BOB.pubkey}`]],
])("announces a stored intent once to %s", async (_case, fields, owners) => {
  const endpoints = new DrizzleWebhookEndpointStore(test.database, createSealer({ key: new Uint8Array(32).fill(3) }));
  for (const owner of ["key:amm", `nostr:${BOB.pubkey}`]) {
    const endpoint = { owner, url: "https://solver.test", description: undefined, ordered: false, secret: "s" };
    const endpointId = `we_${randomBytes(8).toString("hex")}`;
    const events = ["intent.received"];
    await test.database.transactions.run((tx) => endpoints.insert(tx, { ...endpoint, endpointId, events }));
  }
  const event = world.intentEvent(ALICE, content(fields));
  await world.process(event);
  await world.process(event);
  const rows = await test.database.select(
    "SELECT e.owner, d.body FROM webhook_deliveries d JOIN webhook_endpoints e ON e.id = d.endpoint_id ORDER BY e.owner",
  );
  expect(rows.map(({ owner }) => owner)).toEqual(owners);
  for (const { body } of rows) {
    expect(JSON.parse(String(body))).toMatchObject({ type: "intent.received", data: { id: event.id, sig: event.sig } });
  }
});

it("asks the owner for one signature over the tagged hash of the intent, and for nothing else", async () => {
  const { event, session } = await openedBySolver();
  await world.drive(session.sessionId);
  expect(await world.getSession(session.sessionId)).toMatchObject({ status: "challenge_sent", currentStep: 4 });
  const challenge = await challengeOf(session);
  const payload = { action_id: "swap-0001", type: "amm:swap", params: PARAMS };
  expect(challenge).toMatchObject({
    stage: null,
    step_index: 1,
    step_total: 1,
    payload,
    domain: "arkrelay/amm/v1",
    payload_to_sign: toHex(taggedHash("arkrelay/amm/v1", Buffer.from(canonicalJson(payload)))),
    context: {
      human: expect.stringContaining("Sign amm:swap"),
      stage: null,
      amounts: { spend: [], receive: [], change: [], fee: { asset_id: "gBTC", amount: 0 } },
    },
  });
  expect(challenge).not.toHaveProperty("ark_psbt");
  const [sent] = await test.database.select("SELECT raw FROM nostr_outbox WHERE kind = 31511");
  const { tags } = JSON.parse(String(sent?.["raw"])) as { readonly tags: readonly (readonly string[])[] };
  expect(tags).toEqual(
    expect.arrayContaining([
      ["p", ALICE.pubkey],
      ["e", event.id],
      ["d", `${session.sessionId}:1`],
    ]),
  );
});

it("completes with the owner's signature, though nobody owns a VTXO or asks arkd", async () => {
  const { session } = await openedBySolver();
  await world.drive(session.sessionId);
  const challenge = await challengeOf(session);
  world.arkd.fault = () => "lose_reply";
  expect((await world.process(answerEvent(ALICE, challenge))).errorCode).toBeUndefined();
  await world.drive(session.sessionId);
  const done = await world.getSession(session.sessionId);
  expect(done).toMatchObject({ status: "completed", ceremonyState: "published", currentStep: 6 });
  const { signature, ...result } = done.resultData ?? {};
  expect(result).toEqual({ payload_ref: challenge.payload_ref, pubkey: ALICE.pubkey });
  const digest = fromHex(challenge.payload_to_sign);
  expect(verifySchnorr(fromHex(String(signature)), digest, fromHex(ALICE.pubkey))).toBe(true);
  expect(await test.database.select("SELECT id FROM transactions")).toEqual([]);
  expect(await test.database.select("SELECT id FROM results")).toEqual([]);
  const [row] = await test.database.select("SELECT steps FROM signing_sessions");
  expect(row?.["steps"]).toEqual(["intent_verification", "signature_collection", "finalization"]);
  const events = await world.deps.sessions.listEvents(done.id, 0, 50);
  expect(events.filter(({ event }) => event === "status").map(({ data }) => data["ceremony_state"])).toEqual([
    "ark_tx_prepared",
    "ark_tx_prepared",
    "published",
  ]);
  expect(events.at(-1)).toMatchObject({ event: "done", data: { status: "completed" } });
});

it("is completed once when its creator and the worker complete it at the same moment", async () => {
  const { session } = await openedBySolver();
  const { sessionId } = session;
  await world.drive(sessionId);
  await world.process(answerEvent(ALICE, await challengeOf(session)));
  const byCreator = test.database.transactions.run((tx) =>
    completeSession(world.deps, tx, { sessionId, caller: SOLVER, resultData: { filled: 1 }, signedTx: undefined }),
  );
  const [creator, worker] = await Promise.allSettled([byCreator, world.drive(sessionId)]);
  const done = await world.getSession(sessionId);
  expect(done.status).toBe("completed");
  expect(done.resultData?.["filled"]).toBe(creator.status === "fulfilled" ? 1 : undefined);
  for (const each of [creator, worker]) {
    if (each.status === "rejected") expect(each.reason).toMatchObject({ code: "wrong_state" });
  }
  const events = await world.deps.sessions.listEvents(done.id, 0, 50);
  expect(events.filter(({ event }) => event === "done")).toHaveLength(1);
});

it("survives a worker that dies with the answer in: the next one completes it", async () => {
  const { session } = await openedBySolver();
  await world.drive(session.sessionId);
  await world.process(answerEvent(ALICE, await challengeOf(session)));
  // The attempt that was taken last is the only one whose writes count.
  await test.database.write("UPDATE signing_sessions SET attempt_token = 'of somebody else'");
  const late = driveCeremony(world.deps, { sessionId: session.sessionId, fence: "of the dead" });
  await expect(late).rejects.toMatchObject({ code: "wrong_state" });
  expect((await world.getSession(session.sessionId)).status).toBe("awaiting_signature");
  await world.drive(session.sessionId);
  expect((await world.getSession(session.sessionId)).status).toBe("completed");
});

it("opens one session over a stored intent, whoever asks again", async () => {
  const { event, session } = await openedBySolver();
  expect(await statusOf()).toEqual({ status: "accepted", type: "amm:swap" });
  const again = await open(event, { caller: solverCaller("another") });
  expect(again).toMatchObject({ replayed: true, session: { sessionId: session.sessionId } });
  expect(await world.process(event)).toEqual({ errorCode: undefined, wakes: [] });
});

it("opens a session over an intent that comes with the call and was never published", async () => {
  const { session } = await open(world.intentEvent(ALICE, content()));
  expect(session).toMatchObject({ sessionType: "protocol_op", ownerProven: true });
  expect(await statusOf()).toEqual({ status: "accepted", type: "amm:swap" });
});

it("fails after the owner's third wrong answer, and tells the owner once", async () => {
  const { session } = await openedBySolver();
  await world.drive(session.sessionId);
  const challenge = await challengeOf(session);
  for (let wrong = 1; wrong <= 3; wrong++) {
    expect((await world.getSession(session.sessionId)).status).toBe("challenge_sent");
    const answer = answerEvent(ALICE, challenge, signatureOf(BOB, challenge));
    expect((await world.process(answer)).errorCode).toBe("signature_mismatch");
  }
  expect(await world.getSession(session.sessionId)).toMatchObject({
    status: "failed",
    errorCode: "signature_mismatch",
  });
  expect(await test.database.select("SELECT kind FROM results")).toEqual([{ kind: 31_341 }]);
});

it("takes no signature but the owner's of the intent, and does not count what others get wrong", async () => {
  const { session } = await openedBySolver();
  await world.drive(session.sessionId);
  const challenge = await challengeOf(session);
  for (let wrong = 1; wrong <= 4; wrong++) {
    expect((await world.process(answerEvent(BOB, challenge))).errorCode).toBe("not_found");
    const relayed = test.database.transactions.run((tx) =>
      respondToChallenge(world.deps, tx, {
        sessionId: session.sessionId,
        caller: SOLVER,
        signedBy: undefined,
        signature: signatureOf(BOB, challenge),
      }),
    );
    await expect(relayed).rejects.toMatchObject({ code: "signature_mismatch" });
  }
  expect((await world.process(answerEvent(ALICE, challenge))).errorCode).toBeUndefined();
  expect((await world.process(answerEvent(ALICE, challenge))).errorCode).toBe("challenge_used");
});

it("refuses an answer to another payload, and one that comes after the challenge has expired", async () => {
  const { session } = await openedBySolver();
  await world.drive(session.sessionId);
  const challenge = await challengeOf(session);
  const other = { ...challenge, payload_ref: `sha256:${"0".repeat(64)}` };
  expect((await world.process(answerEvent(ALICE, other))).errorCode).toBe("payload_mismatch");
  world.clock.advance(301_000);
  expect((await world.process(answerEvent(ALICE, challenge))).errorCode).toBe("challenge_expired");
  await world.drive(session.sessionId);
  expect(await world.getSession(session.sessionId)).toMatchObject({
    status: "initiated",
    ceremonyState: "intent_received",
  });
  world.clock.advance(400_000);
  await world.drive(session.sessionId);
  expect(await world.getSession(session.sessionId)).toMatchObject({ status: "expired" });
});

it("stores intents while arkd is away", async () => {
  world.arkd.fault = () => "unavailable";
  expect((await world.process(world.intentEvent(ALICE, content()))).errorCode).toBeUndefined();
  expect(await statusOf()).toMatchObject({ status: "stored" });
});

it("has half the room that its owner's transfers have, and takes none of theirs", async () => {
  const { maxSessionsPerUser } = world.deps.config;
  const room = Math.ceil(maxSessionsPerUser / 2);
  const openOp = (index: number) => open(world.intentEvent(ALICE, content({ action_id: `swap-${String(index)}000` })));
  for (let index = 0; index < room; index++) await openOp(index);
  await expect(openOp(room)).rejects.toMatchObject({ code: "session_limit" });
  const pay = (amount: number) =>
    world.open(ALICE, { params: { asset_id: "gBTC", amount, recipient_pubkey: BOB.pubkey } });
  for (let index = 0; index < maxSessionsPerUser; index++) await pay(1_000 + index);
  await expect(pay(5_000)).rejects.toMatchObject({ code: "session_limit" });
});

it("holds up none of its owner's transfers", async () => {
  await world.stockFees(2);
  world.arkd.fund(ALICE.pubkey, 20_000n);
  const op = await openedBySolver();
  await world.drive(op.session.sessionId);
  const pay = { params: { asset_id: "gBTC", amount: 5_000, recipient_pubkey: BOB.pubkey } };
  const { session } = await world.open(ALICE, pay);
  for (let stage = 0; stage < 2; stage++) {
    await world.drive(session.sessionId);
    await world.answer(ALICE, session.sessionId);
  }
  await world.drive(session.sessionId);
  expect((await world.getSession(session.sessionId)).status).toBe("completed");
  expect((await world.getSession(op.session.sessionId)).status).toBe("challenge_sent");
});
