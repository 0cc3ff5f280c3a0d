import { randomBytes } from "node:crypto";

import { vtxoScriptFor } from "@arkrelay/core/ark/vtxo-script";
import { signSchnorr } from "@arkrelay/core/schnorr";
import { TEST_ARK_PARAMS, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import type { VtxoKind } from "@arkrelay/core/vtxo/vtxo";
import { tellPayment } from "@arkrelay/db/stores/tell-payment";
import { connectionOf } from "@arkrelay/db/transactions";

import { nip98Header } from "../../testing/nip98-header";
import { freshKey, knowArkd, PUBLIC_URL, startTestApi, type TestApi } from "../../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
  await knowArkd(api);
  await giveVtxo(freshKey(), "fee", 1_000n, 20);
  await giveVtxo(freshKey(), "used", 1_000n, 0);
});

afterAll(() => api.close());

/** As a finished sync leaves them: scripts known, mirror fresh, VTXOs with a day to live. */
async function giveVtxo(key: TestKey, kind: VtxoKind, amountSats: bigint, count = 1): Promise<void> {
  const { transactions, vtxos } = api.deps.session;
  await transactions.run(async (tx) => {
    const { signerPubkey, exitDelay } = TEST_ARK_PARAMS;
    const info = vtxoScriptFor(key.pubkey, TEST_ARK_PARAMS, "regtest");
    const script = await vtxos.ensureScript(tx, { ...info, signerPubkey, exitDelay, kind });
    if (count === 0) return;
    const rows = Array.from({ length: count }, () => ({ vtxo: anArkVtxo(info.script, amountSats), script }));
    await vtxos.upsert(tx, rows, "reconcile");
    await vtxos.markSynced(tx, [script.id], new Date());
  });
}

function anArkVtxo(script: string, amountSats: bigint) {
  const txid = randomBytes(32).toString("hex");
  return {
    vtxoId: `${txid}:0`,
    txid,
    vout: 0,
    script,
    amountSats,
    createdAt: new Date(),
    expiresAt: new Date(Date.now() + 86_400_000 * 7),
    isPreconfirmed: false,
    isSwept: false,
    isUnrolled: false,
    isSpent: false,
    spentBy: "",
    settledBy: "",
    arkTxid: "",
    commitmentTxids: [],
    assets: [],
  };
}

async function aFundedUser(amountSats = 50_000n): Promise<TestKey> {
  const key = freshKey();
  await giveVtxo(key, "user", amountSats);
  return key;
}

function transferOf(key: TestKey, fields: Readonly<Record<string, unknown>> = {}) {
  const action_id = randomBytes(8).toString("hex");
  const params = { asset_id: "gBTC", amount: 10_000, recipient_pubkey: freshKey().pubkey };
  return { user_pubkey: key.pubkey, session_type: "p2p_transfer", intent_data: { action_id, params }, ...fields };
}

async function openSession(as: TestKey, fields: Readonly<Record<string, unknown>> = {}): Promise<string> {
  const { body } = await api.call("POST", "/sessions/create", { as, body: transferOf(as, fields) });
  return String(body["session_id"]);
}

interface Item {
  readonly txid: string;
  readonly input: number;
  readonly sighash: string;
}

function sign(key: TestKey, challenge: unknown) {
  const { items } = challenge as { readonly items: readonly Item[] };
  return items.map(({ txid, input, sighash }) => {
    const sig = signSchnorr(Buffer.from(sighash, "hex"), key.secretKey, randomBytes(32));
    return { txid, input, sig: Buffer.from(sig).toString("hex") };
  });
}

describe("POST /sessions/create", () => {
  it("opens a session and shows the fee it filled in", async () => {
    const as = await aFundedUser();
    const answer = await api.call("POST", "/sessions/create", { as, body: transferOf(as) });
    expect(answer).toMatchObject({ status: 201, body: { status: "initiated", session_type: "p2p_transfer" } });
    expect(JSON.stringify(answer.body["intent_data"])).toContain('"fee_amount":10');
  });

  it("answers the same action with the same content by the session that is there, and counts it once", async () => {
    const created = async () => (await api.deps.metrics.sessionsCreated.get()).values[0]?.value ?? 0;
    const before = await created();
    const as = await aFundedUser();
    const body = transferOf(as);
    const first = await api.call("POST", "/sessions/create", { as, body });
    const second = await api.call("POST", "/sessions/create", { as, body });
    expect(second).toMatchObject({ status: 200, body: { session_id: first.body["session_id"] } });
    expect(await created()).toBe(before + 1);
    const other = {
      ...body,
      intent_data: { ...body.intent_data, params: { ...body.intent_data.params, amount: 9_999 } },
    };
    const third = await api.call("POST", "/sessions/create", { as, body: other });
    expect(third).toMatchObject({ status: 409, body: { code: "duplicate_action", nostr_code: 1004 } });
  });

  it("refuses what the balance cannot pay", async () => {
    const as = await aFundedUser(5_000n);
    const answer = await api.call("POST", "/sessions/create", { as, body: transferOf(as) });
    expect(answer).toMatchObject({ status: 422, body: { code: "insufficient_balance" } });
  });

  it.each([
    ["a batch that is none", { session_type: "atomic_swap" }, 400, "invalid_request"],
    ["a type nobody knows", { session_type: "nothing" }, 400, "invalid_request"],
    ["a key off the curve", { user_pubkey: "f".repeat(64) }, 400, "invalid_request"],
  ])("refuses %s", async (_name, fields, status, code) => {
    const as = await aFundedUser();
    const answer = await api.call("POST", "/sessions/create", { as, body: transferOf(as, fields) });
    expect(answer).toMatchObject({ status, body: { code } });
  });

  it("limits how many sessions of one key are open", async () => {
    const as = await aFundedUser();
    for (let i = 0; i < 3; i++) await openSession(as);
    const answer = await api.call("POST", "/sessions/create", { as, body: transferOf(as) });
    expect(answer).toMatchObject({ status: 429, body: { code: "session_limit" } });
  });
});

describe("reading sessions", () => {
  it("hides them from everybody but owner, creator and operator", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    for (const path of [`/sessions/${id}`, `/signing/ceremony/${id}/status`, `/sessions/${id}/events`]) {
      expect((await api.call("GET", path, { as: freshKey() })).status).toBe(404);
    }
    expect((await api.call("GET", `/sessions/${id}`, { as })).body).toMatchObject({ session_id: id });
    expect((await api.call("GET", `/signing/ceremony/${id}/status`, { admin: true })).body).toMatchObject({
      ceremony_status: "not_started",
      completed_steps: [],
    });
  });

  it("lists the caller's own, newest first, by every filter", async () => {
    const as = await aFundedUser();
    const ids = [await openSession(as), await openSession(as)];
    const list = async (query: string) =>
      ((await api.call("GET", `/sessions?${query}`, { as })).body["sessions"] as { session_id: string }[]).map(
        (session) => session.session_id,
      );
    expect(await list("limit=9")).toEqual(ids.toReversed());
    expect(await list(`user_pubkey=${as.pubkey}&status=initiated&session_type=p2p_transfer`)).toEqual(ids.toReversed());
    expect(await list("status=completed")).toEqual([]);
    expect(await list("session_type=amm_swap")).toEqual([]);
    expect(await list(`user_pubkey=${freshKey().pubkey}`)).toEqual([]);
  });

  it("counts them for the operator", async () => {
    const { body } = await api.call("GET", "/sessions/stats", { admin: true });
    expect(body).toMatchObject({ stats: { status_counts: { initiated: expect.any(Number) as number } } });
  });
});

describe("challenge and answer", () => {
  it("goes from the planned transaction to all signatures collected", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    const issued = await api.call("POST", `/sessions/${id}/challenge`, { as });
    expect(issued).toMatchObject({ status: 201, body: { challenge: { type: "sign_tx", stage: "ark_tx" } } });
    const again = await api.call("POST", `/sessions/${id}/challenge`, { as });
    expect(again).toMatchObject({ status: 200, body: { challenge_id: issued.body["challenge_id"] } });

    const shown = await api.call("GET", `/challenges/${String(issued.body["challenge_id"])}`, { as });
    expect(shown.body).toMatchObject({ challenge: { is_used: false, content: issued.body["challenge"] } });

    const signatures = sign(as, issued.body["challenge"]);
    const answered = await api.call("POST", `/sessions/${id}/respond`, { as, body: { signatures } });
    expect(answered).toMatchObject({ status: 200, body: { status: "awaiting_signature", items_missing: 0 } });
    const twice = await api.call("POST", `/sessions/${id}/respond`, { as, body: { signatures } });
    expect(twice).toMatchObject({ status: 409, body: { code: "challenge_used" } });
  });

  it("refuses somebody else's signature and changes nothing", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    const { body } = await api.call("POST", `/sessions/${id}/challenge`, { as });
    const signatures = sign(freshKey(), body["challenge"]);
    const answer = await api.call("POST", `/sessions/${id}/respond`, { as, body: { signatures } });
    expect(answer).toMatchObject({ status: 422, body: { code: "signature_mismatch" } });
    const stranger = await api.call("POST", `/sessions/${id}/respond`, { as: freshKey(), body: { signatures } });
    expect(stranger.status).toBe(404);
    expect((await api.call("GET", `/sessions/${id}`, { as })).body).toMatchObject({ status: "challenge_sent" });
  });

  it("refuses a malformed signature without counting it, and both forms at once", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    await api.call("POST", `/sessions/${id}/challenge`, { as });
    const respond = (body: unknown) => api.call("POST", `/sessions/${id}/respond`, { as, body });
    for (let i = 0; i < 4; i++) expect((await respond({ signature: "xyz" })).status).toBe(400);
    expect(await respond({})).toMatchObject({ status: 400, body: { errors: [{ path: "signatures" }] } });
    expect((await api.call("GET", `/sessions/${id}`, { as })).body).toMatchObject({ status: "challenge_sent" });
  });

  it("refuses a payload that is not the one it computed", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    const answer = await api.call("POST", `/sessions/${id}/challenge`, {
      as,
      body: { challenge_data: { type: "sign_tx", payload_ref: `sha256:${"0".repeat(64)}` } },
    });
    expect(answer).toMatchObject({ status: 422, body: { code: "payload_mismatch" } });
    expect((await api.call("GET", `/sessions/${id}`, { as })).body).toMatchObject({ status: "initiated" });
  });

  it("answers 202 while the user's VTXOs were never read", async () => {
    const as = freshKey();
    const id = await openSession(as);
    const answer = await api.call("POST", `/sessions/${id}/challenge`, { as, headers: { prefer: "wait=0" } });
    expect(answer).toMatchObject({ status: 202, body: { session_id: id, txid: null } });
  });

  it("names the job that reads the VTXOs, which its caller can look at and nobody else", async () => {
    const as = freshKey();
    const headers = { prefer: "wait=0" };
    const id = await openSession(as);
    const challenged = await api.call("POST", `/sessions/${id}/challenge`, { as, headers });
    const planned = await api.call("POST", "/transactions/p2p-transfer", { as, headers, body: { session_id: id } });
    const transferred = await api.call("POST", "/assets/transfer", {
      as,
      headers,
      body: { sender_pubkey: as.pubkey, recipient_pubkey: freshKey().pubkey, asset_id: "gBTC", amount: 5_000 },
    });
    const jobIds = [challenged, planned, transferred].map(({ status, body }) => [status, body["job_id"]]);
    const jobId = String(challenged.body["job_id"]);
    // One read of the same key at a time, however often it is asked for.
    expect(jobIds).toEqual([1, 2, 3].map(() => [202, jobId]));
    expect(await api.call("GET", `/jobs/${jobId}`, { as })).toMatchObject({ body: { job_type: "vtxo_sync" } });
    expect((await api.call("GET", `/jobs/${jobId}`, { as: freshKey() })).status).toBe(404);
  });
});

describe("a session's stream", () => {
  interface Told {
    readonly id: number;
    readonly event: string;
    readonly data: Record<string, unknown>;
  }

  async function read(as: TestKey, id: string, lastEventId?: number): Promise<Response> {
    const path = `/sessions/${id}/events`;
    const authorization = nip98Header(as, { method: "GET", url: PUBLIC_URL + path });
    const resume = lastEventId === undefined ? {} : { "last-event-id": String(lastEventId) };
    return fetch(api.url + path, { headers: { authorization, ...resume } });
  }

  function toldIn(text: string): Told[] {
    return [...text.matchAll(/id: (\d+)\nevent: (\w+)\ndata: (.+)\n/g)].map(([, id, event, data]) => ({
      id: Number(id),
      event: event ?? "",
      data: JSON.parse(data ?? "null") as Record<string, unknown>,
    }));
  }

  it("tells status, challenge and end as documented, nothing of what is kept for operators, and resumes without gaps", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    const stream = await read(as, id);
    const issued = await api.call("POST", `/sessions/${id}/challenge`, { as });
    await api.call("POST", `/sessions/${id}/respond`, {
      as,
      body: { signatures: sign(as, issued.body["challenge"]) },
    });
    await api.call("POST", `/sessions/${id}/fail`, { as, body: {} });
    const told = toldIn(await stream.text());
    expect(told.map(({ event }) => event)).toEqual(["snapshot", "status", "challenge", "status", "status", "done"]);
    expect(told[0]?.data).toMatchObject({ session_id: id, ceremony_status: "not_started" });
    expect(told[1]?.data).toEqual({
      status: "challenge_sent",
      ceremony_state: "ark_tx_prepared",
      current_step: 4,
      progress: 0.25,
    });
    expect(told[2]?.data).toEqual({
      challenge_id: issued.body["challenge_id"],
      stage: "ark_tx",
      expires_at: issued.body["expires_at"],
    });
    expect(told[5]?.data).toEqual({ status: "failed", error_code: "session_cancelled" });
    for (const seen of told.slice(0, -1)) {
      const rest = toldIn(await (await read(as, id, seen.id)).text());
      expect(rest.slice(1)).toEqual(told.filter((each) => each.event !== "snapshot" && each.id > seen.id));
    }
  });

  it("tells of its payment while nothing else of the session moves", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    const stream = await read(as, id);
    const payment = { paymentHash: "ab".repeat(32), status: "in_flight" } as const;
    await api.database.transactions.run((tx) => tellPayment(connectionOf(tx), id, payment));
    const reader = stream.body?.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("event: payment")) text += (await reader?.read())?.value ?? "";
    await reader?.cancel();
    expect(toldIn(`${text}\n`).find(({ event }) => event === "payment")?.data).toEqual({
      payment_hash: payment.paymentHash,
      status: "in_flight",
    });
  });

  it("that is opened behind the end brings the snapshot and the end", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    await api.call("POST", `/sessions/${id}/fail`, { as, body: {} });
    const told = toldIn(await (await read(as, id)).text());
    expect(told.map(({ event }) => event)).toEqual(["snapshot", "done"]);
  });
});

describe("ending a session", () => {
  it.each([
    ["fail", (id: string) => `/sessions/${id}/fail`, { reason: "no longer wanted" }],
    ["cancel", (id: string) => `/signing/ceremony/${id}/cancel`, {}],
  ])("%s frees its inputs, once", async (_name, path, body) => {
    const as = await aFundedUser();
    const id = await openSession(as);
    await api.call("POST", `/sessions/${id}/challenge`, { as });
    expect((await api.call("GET", `/balances/${as.pubkey}/gBTC`, { as })).body).toMatchObject({ available_balance: 0 });
    expect((await api.call("POST", path(id), { as: freshKey(), body })).status).toBe(404);
    expect((await api.call("POST", path(id), { as, body })).status).toBe(200);
    expect(await api.call("POST", path(id), { as, body })).toMatchObject({
      status: 409,
      body: { code: "wrong_state" },
    });
    expect((await api.call("GET", `/balances/${as.pubkey}/gBTC`, { as })).body).toMatchObject({
      available_balance: 50_000,
    });
    expect((await api.call("GET", `/sessions/${id}`, { as })).body).toMatchObject({
      status: "failed",
      error_code: "session_cancelled",
    });
  });

  it("leaves the completion of a transfer to its ceremony", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    const answer = await api.call("POST", `/sessions/${id}/complete`, { as, body: {} });
    expect(answer).toMatchObject({ status: 409, body: { code: "wrong_state" } });
  });

  it("ends what ran out of time when the operator asks", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    await api.database.write(
      "UPDATE signing_sessions SET expires_at = NOW(3) - INTERVAL 1 SECOND WHERE session_id = ?",
      [id],
    );
    const { body } = await api.call("POST", "/sessions/cleanup", { admin: true });
    expect(body["expired_sessions_cleaned"]).toBe(1);
    const answer = await api.call("POST", `/sessions/${id}/challenge`, { as });
    expect(answer).toMatchObject({ status: 410, body: { code: "session_expired" } });
  });
});

describe("the ceremony", () => {
  it("is started once, and again without effect", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    const start = () => api.call("POST", "/signing/ceremony/start", { as, body: { session_id: id } });
    expect(await start()).toMatchObject({
      status: 202,
      body: { ceremony: { step: 1, step_name: "intent_verification" } },
    });
    expect((await start()).status).toBe(202);
  });

  it("runs no step that is not due", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    const step = (n: string) => api.call("POST", `/signing/ceremony/${id}/step/${n}`, { admin: true });
    expect(await step("5")).toMatchObject({ status: 409, body: { code: "wrong_step", details: { due_step: 1 } } });
    expect((await step("1")).status).toBe(202);
    expect((await step("7")).status).toBe(400);
  });

  it("takes the user's signatures from the operator who runs the step that waits for them, and checks them", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    const { body } = await api.call("POST", `/sessions/${id}/challenge`, { as });
    const step = (n: number, signature_data: unknown) =>
      api.call("POST", `/signing/ceremony/${id}/step/${String(n)}`, { admin: true, body: { signature_data } });
    expect(await step(4, {})).toMatchObject({ status: 400, body: { errors: [{ path: "signature_data.signatures" }] } });
    for (let i = 0; i < 4; i++) {
      const wrong = await step(4, { signatures: sign(freshKey(), body["challenge"]) });
      expect(wrong).toMatchObject({ status: 422, body: { code: "signature_mismatch" } });
    }
    expect(await step(4, { signatures: sign(as, body["challenge"]) })).toMatchObject({
      status: 202,
      body: { step: 4, step_name: "signature_collection", result: { items_missing: 0 } },
    });
    expect((await api.call("GET", `/sessions/${id}`, { as })).body).toMatchObject({ status: "awaiting_signature" });
    const planned = await step(2, undefined);
    expect(planned).toMatchObject({
      status: 202,
      body: { result: { done: true, ark_txid: expect.any(String) as string } },
    });
  });
});

describe("transfers", () => {
  it("opens, plans and challenges in one call, and shows its transaction to the parties only", async () => {
    const as = await aFundedUser();
    const recipient = freshKey();
    const answer = await api.call("POST", "/assets/transfer", {
      as,
      body: { sender_pubkey: as.pubkey, recipient_pubkey: recipient.pubkey, asset_id: "BTC", amount: 10_000 },
    });
    expect(answer).toMatchObject({
      status: 202,
      body: { result: { asset_id: "gBTC", amount: 10_000, fee_amount: 10 } },
    });
    const { txid } = answer.body["result"] as { txid: string };
    const session = String(answer.body["session_id"]);
    expect((await api.call("POST", `/sessions/${session}/challenge`, { as })).status).toBe(200);

    const mine = await api.call("GET", `/transactions/${txid}`, { as });
    const outputs = (mine.body["transaction"] as { outputs: { owner: string; amount_sats: number }[] }).outputs;
    expect(outputs.map(({ owner, amount_sats }) => [owner, amount_sats])).toEqual(
      expect.arrayContaining([
        ["other", 10_000],
        ["you", 39_990],
        ["gateway", 1_010],
      ]),
    );
    expect((await api.call("GET", `/transactions/${txid}`, { as: freshKey() })).status).toBe(404);
    const open = await api.call("GET", `/transactions/${txid}/status`);
    expect(open.body).toMatchObject({ txid, status: "pending" });
    expect(open.body).not.toHaveProperty("session_id");

    const list = await api.call("GET", `/transactions/user/${recipient.pubkey}`, { as: recipient });
    expect(list.body).toMatchObject({ transactions: [{ txid, direction: "in" }] });
    expect((await api.call("GET", `/transactions/user/${recipient.pubkey}`, { as: freshKey() })).body).toMatchObject({
      transactions: [],
    });
    const seen = () => api.call("POST", `/transactions/user/confirm/${txid}`, { as: recipient });
    expect((await seen()).body["acknowledged_at"]).toBe((await seen()).body["acknowledged_at"]);
    expect((await api.call("POST", `/transactions/user/confirm/${txid}`, { as: freshKey() })).status).toBe(404);
    const drive = await api.call("POST", `/transactions/${txid}/broadcast`, { admin: true });
    expect(drive).toMatchObject({ status: 202, body: { success: true, txid } });
  });

  it("prepares and starts a session by /transactions/p2p-transfer, with the txid already known", async () => {
    const as = await aFundedUser();
    const id = await openSession(as);
    const answer = await api.call("POST", "/transactions/p2p-transfer", { as, body: { session_id: id } });
    expect(answer).toMatchObject({
      status: 202,
      body: { transaction: { amount: 10_000, status: "pending_signatures" } },
    });
    expect((answer.body["transaction"] as { txid: string }).txid).toMatch(/^[0-9a-f]{64}$/);
    expect(
      (await api.call("POST", "/transactions/p2p-transfer", { as: freshKey(), body: { session_id: id } })).status,
    ).toBe(404);
  });

  it.each(["xyz", "0".repeat(63)])("refuses %s as a txid", async (txid) => {
    expect((await api.call("GET", `/transactions/${txid}/status`)).status).toBe(400);
  });
});

describe("balances and VTXOs", () => {
  it("are shown to their owner and the operator, and to nobody else", async () => {
    const as = await aFundedUser(7_000n);
    const paths = [
      `/balances/${as.pubkey}`,
      `/balances/${as.pubkey}/gBTC`,
      `/vtxos/${as.pubkey}`,
      `/vtxos/user/${as.pubkey}`,
    ];
    for (const path of paths) {
      expect((await api.call("GET", path, { as })).status).toBe(200);
      expect((await api.call("GET", path, { admin: true })).status).toBe(200);
      expect(await api.call("GET", path, { as: freshKey() })).toMatchObject({
        status: 404,
        body: { code: "not_found" },
      });
    }
    expect((await api.call("GET", paths[0] ?? "", { as })).body).toMatchObject({
      balances: [{ asset_id: "gBTC", balance: 7_000, reserved_balance: 0, available_balance: 7_000 }],
    });
    expect((await api.call("GET", paths[2] ?? "", { as })).body).toMatchObject({
      vtxo_management: { vtxos: [{ amount_sats: 7_000, locked: false, status: "assigned" }], total_assigned: 1 },
    });
  });

  it("gives a solver that opened a session by itself no look at the user's funds", async () => {
    const user = await aFundedUser();
    const solver = freshKey();
    const opened = await api.call("POST", "/sessions/create", { as: solver, body: transferOf(user) });
    expect(opened.status).toBe(201);
    expect((await api.call("GET", `/balances/${user.pubkey}`, { as: solver })).status).toBe(404);
  });

  it("know no writing GET", async () => {
    const as = await aFundedUser();
    const answer = await api.call("GET", `/vtxos/${as.pubkey}?action=create`, { as });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "action" }] } });
  });
});

describe("the asset registry", () => {
  it("has gBTC from the start, under both names", async () => {
    expect((await api.call("GET", "/assets")).body).toMatchObject({ assets: [{ asset_id: "gBTC", is_active: true }] });
    expect((await api.call("GET", "/assets/BTC")).body).toMatchObject({ asset_id: "gBTC", decimal_places: 8 });
    expect((await api.call("GET", "/assets/none")).status).toBe(404);
  });
});
