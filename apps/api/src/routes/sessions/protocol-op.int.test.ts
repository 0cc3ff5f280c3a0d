import { randomBytes } from "node:crypto";

import { INTENT_KIND } from "@arkrelay/core/nostr/kinds";
import { signSchnorr } from "@arkrelay/core/schnorr";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";

import { freshKey, knowArkd, startTestApi, type TestApi } from "../../testing/test-api";

const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const fromHex = (text: string) => Buffer.from(text, "hex");

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
  await knowArkd(api);
});
afterAll(() => api.close());

const solver = freshKey();

function intentData(fields: object = {}) {
  return { action_id: randomBytes(8).toString("hex"), type: "amm:swap", params: { pool_id: "gUSD-gBTC" }, ...fields };
}

function signedIntent(user: TestKey, fields: object = {}) {
  const expires_at = Math.floor(Date.now() / 1000) + 600;
  return createGatewayIdentity(user.secretKey).sign({
    kind: INTENT_KIND,
    created_at: Math.floor(Date.now() / 1000),
    tags: [],
    content: JSON.stringify(intentData({ expires_at, ...fields })),
  });
}

/** A solver's session over the signed intent of a user, challenged. */
async function aChallenged(user: TestKey, more: object = {}) {
  const body = { user_pubkey: user.pubkey, session_type: "protocol_op", intent_event: signedIntent(user), ...more };
  const opened = await api.call("POST", "/sessions/create", { as: solver, body });
  const path = `/sessions/${String(opened.body["session_id"])}`;
  const issued = await api.call("POST", `${path}/challenge`, { as: solver, body: {} });
  return { opened, path, issued, challenge: issued.body["challenge"] as Record<string, unknown> };
}

function sign(key: TestKey, challenge: Record<string, unknown>): string {
  const digest = fromHex(String(challenge["payload_to_sign"]));
  return toHex(signSchnorr(digest, key.secretKey, randomBytes(32)));
}

describe("POST /sessions/create with protocol_op", () => {
  it("opens a session over what a user signed, for no fee and without funds", async () => {
    const { opened } = await aChallenged(freshKey());
    expect(opened).toMatchObject({
      status: 201,
      body: { session_type: "protocol_op", intent_data: { type: "amm:swap", params: { pool_id: "gUSD-gBTC" } } },
    });
    expect(JSON.stringify(opened.body["intent_data"])).not.toContain("fee");
  });

  it("knows it by its older name amm_swap", async () => {
    const { opened } = await aChallenged(freshKey(), { session_type: "amm_swap" });
    expect(opened).toMatchObject({ status: 201, body: { session_type: "protocol_op" } });
  });

  it("opens one for a user that has signed nothing yet, in a namespace of the solver's own", async () => {
    const user = freshKey();
    const body = { user_pubkey: user.pubkey, session_type: "protocol_op", intent_data: intentData() };
    const first = await api.call("POST", "/sessions/create", { as: solver, body });
    expect(first.status).toBe(201);
    expect(await api.call("POST", "/sessions/create", { as: solver, body })).toMatchObject({
      status: 200,
      body: { session_id: first.body["session_id"] },
    });
    const other = { ...body, intent_data: { ...body.intent_data, params: {} } };
    expect(await api.call("POST", "/sessions/create", { as: solver, body: other })).toMatchObject({
      status: 409,
      body: { code: "duplicate_action" },
    });
    expect((await api.call("POST", "/sessions/create", { as: user, body: other })).status).toBe(201);
  });

  it.each([
    ["no type", { type: undefined }, 400, "invalid_request"],
    ["a type that moves money", { type: "p2p_transfer" }, 400, "invalid_request"],
    ["a verb of the gateway's own namespaces", { type: "vtxo:burn" }, 422, "unsupported_type"],
    ["a fraction", { params: { price: 0.5 } }, 400, "invalid_request"],
    ["params above 16 KiB", { params: { note: "x".repeat(17_000) } }, 400, "invalid_request"],
    ["a passed expires_at", { expires_at: 1_000 }, 410, "intent_expired"],
    ["another network", { network: "mainnet" }, 422, "wrong_network"],
  ])("refuses %s", async (_case, fields, status, code) => {
    const user = freshKey();
    const body = { user_pubkey: user.pubkey, session_type: "protocol_op", intent_data: intentData(fields) };
    expect(await api.call("POST", "/sessions/create", { as: solver, body })).toMatchObject({ status, body: { code } });
  });

  it("takes an intent from nobody but its author, and needs credentials", async () => {
    const [user, other] = [freshKey(), freshKey()];
    const body = { user_pubkey: user.pubkey, session_type: "protocol_op", intent_event: signedIntent(other) };
    expect(await api.call("POST", "/sessions/create", { as: solver, body })).toMatchObject({
      status: 422,
      body: { code: "signature_invalid" },
    });
    expect((await api.call("POST", "/sessions/create", { body })).status).toBe(401);
  });
});

describe("the challenge of a protocol_op", () => {
  it("is over the intent, one step, and the same when it is asked for again", async () => {
    const { issued, path, challenge } = await aChallenged(freshKey());
    expect(issued.status).toBe(201);
    expect(challenge).toMatchObject({ type: "sign_payload", stage: null, step_total: 1, domain: "arkrelay/amm/v1" });
    const again = await api.call("POST", `${path}/challenge`, { as: solver, body: {} });
    expect(again).toMatchObject({ status: 200, body: { challenge_id: issued.body["challenge_id"] } });
    const expected = { payload_to_sign: `0x${String(challenge["payload_to_sign"])}`, type: "sign_payload" };
    expect(
      (await api.call("POST", `${path}/challenge`, { as: solver, body: { challenge_data: expected } })).status,
    ).toBe(200);
  });

  it.each([
    ["another payload", { payload_to_sign: "00".repeat(32) }],
    ["another payload_ref", { payload_ref: `sha256:${"00".repeat(32)}` }],
    ["a transaction", { type: "sign_tx" }],
  ])("is not what a caller expects who expects %s", async (_case, challenge_data) => {
    const { path } = await aChallenged(freshKey());
    expect(await api.call("POST", `${path}/challenge`, { as: solver, body: { challenge_data } })).toMatchObject({
      status: 422,
      body: { code: "payload_mismatch" },
    });
  });

  it("is answered by the owner, or by its solver with the owner's signature, once", async () => {
    for (const relays of [true, false]) {
      const user = freshKey();
      const { path, challenge } = await aChallenged(user);
      const as = relays ? solver : user;
      const wrong = await api.call("POST", `${path}/respond`, { as, body: { signature: sign(solver, challenge) } });
      expect(wrong).toMatchObject({ status: 422, body: { code: "signature_mismatch" } });
      const body = { signature: sign(user, challenge), payload_ref: challenge["payload_ref"] };
      expect((await api.call("POST", `${path}/respond`, { as: freshKey(), body })).status).toBe(404);
      expect(await api.call("POST", `${path}/respond`, { as, body })).toMatchObject({
        status: 200,
        body: { status: "awaiting_signature", items_accepted: 1, items_missing: 0 },
      });
      expect((await api.call("POST", `${path}/respond`, { as, body })).body).toMatchObject({ code: "challenge_used" });
    }
  });

  it("ends the session after three wrong signatures of the owner's own, and after none of a relay's", async () => {
    const user = freshKey();
    const { path, challenge } = await aChallenged(user);
    const body = { signature: sign(solver, challenge) };
    for (let wrong = 1; wrong <= 4; wrong++) await api.call("POST", `${path}/respond`, { as: solver, body });
    expect(await api.call("GET", path, { as: user })).toMatchObject({ body: { status: "challenge_sent" } });
    for (let wrong = 1; wrong <= 3; wrong++) await api.call("POST", `${path}/respond`, { as: user, body });
    expect(await api.call("GET", path, { as: user })).toMatchObject({
      body: { status: "failed", error_code: "signature_mismatch" },
    });
  });
});

describe("POST /sessions/{id}/complete", () => {
  it("completes with the owner's signature and what the creator adds, once", async () => {
    const user = freshKey();
    const { path, challenge } = await aChallenged(user);
    const early = await api.call("POST", `${path}/complete`, { as: solver, body: {} });
    expect(early).toMatchObject({ status: 409, body: { code: "wrong_state", details: { status: "challenge_sent" } } });
    const signature = sign(user, challenge);
    await api.call("POST", `${path}/respond`, { as: solver, body: { signature } });
    const body = { result_data: { fill_price: 97, signature: "mine" }, signed_tx: "of the solver's own" };
    const result_data = { fill_price: 97, signature, payload_ref: challenge["payload_ref"], pubkey: user.pubkey };
    expect(await api.call("POST", `${path}/complete`, { as: solver, body })).toMatchObject({
      status: 200,
      body: { result_data },
    });
    expect(await api.call("GET", path, { as: user })).toMatchObject({
      body: { status: "completed", result_data, signed_tx: "of the solver's own" },
    });
    expect(await api.call("POST", `${path}/complete`, { as: solver, body })).toMatchObject({
      status: 409,
      body: { code: "wrong_state", details: { status: "completed" } },
    });
    const status = await api.call("GET", path.replace("/sessions", "/signing/ceremony") + "/status", { as: user });
    expect(status.body).toMatchObject({
      ceremony_status: "completed",
      stage: null,
      progress: 1,
      completed_steps: ["intent_verification", "signature_collection", "finalization"],
      details: {
        skipped_steps: ["ark_transaction_prep", "checkpoint_transaction_prep", "ark_protocol_execution"],
      },
      transactions: { checkpoint_txids: [] },
    });
  });

  it("is for its creator and the operator: not for the owner, and not there for others", async () => {
    const user = freshKey();
    const { path, challenge } = await aChallenged(user);
    await api.call("POST", `${path}/respond`, { as: user, body: { signature: sign(user, challenge) } });
    expect((await api.call("POST", `${path}/complete`, { as: freshKey(), body: {} })).status).toBe(404);
    expect((await api.call("POST", `${path}/complete`, { body: {} })).status).toBe(401);
    expect(await api.call("POST", `${path}/complete`, { as: user, body: {} })).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    });
    expect((await api.call("POST", `${path}/complete`, { admin: true, body: {} })).status).toBe(200);
  });

  it("does not prepare a transfer: there is none", async () => {
    const { opened } = await aChallenged(freshKey());
    const body = { session_id: opened.body["session_id"] };
    expect(await api.call("POST", "/transactions/p2p-transfer", { as: solver, body })).toMatchObject({
      status: 409,
      body: { code: "wrong_state" },
    });
  });
});
