import { randomBytes } from "node:crypto";

import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type { LightningChange, NewLightningOperation } from "@arkrelay/core/ports/lightning-stores";
import type { TestKey } from "@arkrelay/core/testing/ark-transfer";
import { DrizzleDaemonAnswerStore } from "@arkrelay/db/stores/daemon-answer-store";
import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";

import { CHANNEL_POINT, FakeLnd } from "../../testing/fake-lnd";
import { freshKey, knowArkd, startTestApi, type TestApi } from "../../testing/test-api";

const lnd = new FakeLnd();
let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" }, { lnd: lnd.node });
  await knowArkd(api);
});
beforeEach(async () => {
  lnd.isAway = false;
  await reportLnd(true);
});
afterAll(() => api.close());

const hex = (bytes: number) => randomBytes(bytes).toString("hex");

/** As the services process writes it. */
async function reportLnd(healthy: boolean): Promise<void> {
  const states = new DrizzleServiceStateStore(api.database);
  const at = new Date().toISOString();
  const base = { at, instance: "i", running: true, restartSeen: 0, failures: 0, lastError: null };
  const state = {
    healthy,
    breaker: healthy ? "closed" : "open",
    latencyMs: 4,
    version: "0.20.0",
    lastErrorCode: healthy ? null : "daemon_unavailable",
    checkedAt: at,
  };
  await states.setActual("monitoring", { ...base, detail: { daemons: { lnd: state } } });
  const detail = {
    connected: healthy,
    lastCheckAt: at,
    checkIntervalMs: 30_000,
    subscriptions: 3,
    openLifts: 1,
    inFlightLands: 1,
    cursor: { addIndex: "12", settleIndex: "7" },
    regressions: 0,
    tapd: null,
  };
  await states.setActual("lightning", { ...base, detail });
}

/** A row as lifts and lands leave it, moved through `changes`. */
async function anOperation(
  owner: TestKey,
  fields: Partial<NewLightningOperation> = {},
  changes: readonly LightningChange[] = [],
): Promise<LightningOperation> {
  const { transactions, operations } = api.deps.session;
  return transactions.run(async (tx) => {
    let row = await operations.insert(tx, {
      operationId: hex(16),
      invoiceType: "land",
      status: "pending_payment",
      paymentHash: hex(32),
      claimsHash: false,
      bolt11: "lnbcrt50u1example",
      userPubkey: owner.pubkey,
      sessionId: hex(16),
      assetId: "gBTC",
      amount: 5_000n,
      amountSats: 5_000n,
      fee: 5n,
      userScript: `5120${owner.pubkey}`,
      memo: "tea",
      preimage: undefined,
      expiresAt: new Date(Date.now() + 3_600_000),
      wakeAt: undefined,
      ...fields,
    });
    for (const change of changes) row = await operations.move(tx, row, change, undefined);
    return row;
  });
}

const received = (row: { paymentHash: string }): LightningChange => ({
  status: "received",
  claimedHash: row.paymentHash,
  receivedVtxoId: `${"ee".repeat(32)}:0`,
});

async function aPaidLand(owner: TestKey, preimage: string): Promise<LightningOperation> {
  const paymentHash = hex(32);
  const paid = { status: "paid" as const, preimage, paidAt: new Date(), routingFeeMsat: 1_001n };
  return anOperation(owner, { paymentHash }, [received({ paymentHash }), { status: "in_flight", attempts: 1 }, paid]);
}

async function anUnknownLand(owner = freshKey()): Promise<LightningOperation> {
  const paymentHash = hex(32);
  const unknown = { unknownSince: new Date(Date.now() - 60_000), lastError: "lnd has forgotten it" };
  const row = await anOperation(owner, { paymentHash }, [received({ paymentHash }), { status: "in_flight" }, unknown]);
  await api.deps.session.transactions.run((tx) =>
    api.deps.session.operations.insertAttempt(tx, {
      operationId: row.operationId,
      attempt: 1,
      paymentHash,
      lndPubkey: `02${"ab".repeat(32)}`,
      topIndex: 8n,
    }),
  );
  return row;
}

/** For a user who has nothing to do with it otherwise. */
async function aSessionBy(solver: TestKey): Promise<string> {
  const params = { asset_id: "gBTC", amount: 10_000, recipient_pubkey: freshKey().pubkey };
  const body = {
    user_pubkey: freshKey().pubkey,
    session_type: "p2p_transfer",
    intent_data: { action_id: hex(8), params },
  };
  return String((await api.call("POST", "/sessions/create", { as: solver, body })).body["session_id"]);
}

describe("GET /lightning/invoices/{payment_hash}", () => {
  const get = (hash: string, options = {}) => api.call("GET", `/lightning/invoices/${hash}`, options);

  it("shows a claimed one to everybody, and the preimage and fee to its user and the operator only", async () => {
    const owner = freshKey();
    const preimage = hex(32);
    const { paymentHash } = await aPaidLand(owner, preimage);
    const anybody = await get(paymentHash);
    expect(anybody.body["invoice_status"]).toMatchObject({
      payment_hash: paymentHash,
      status: "paid",
      lnd_settled: true,
      amount_sats: 5_000,
      txid: "ee".repeat(32),
    });
    expect(anybody.text).not.toContain(preimage);
    expect((await get(paymentHash, { as: freshKey() })).text).not.toContain("fee_sats");
    for (const options of [{ as: owner }, { admin: true }]) {
      expect((await get(paymentHash, options)).body["invoice_status"]).toMatchObject({ preimage, fee_sats: 5 });
    }
  });

  it("shows no preimage before the payment is through", async () => {
    const owner = freshKey();
    const paymentHash = hex(32);
    const fields = {
      invoiceType: "lift",
      status: "pending",
      claimsHash: true,
      paymentHash,
      preimage: hex(32),
    } as const;
    await anOperation(owner, fields);
    const { body } = await get(paymentHash, { as: owner });
    expect(body["invoice_status"]).toMatchObject({ status: "pending", invoice_type: "lift", lnd_settled: false });
    expect(JSON.stringify(body)).not.toContain("preimage");
  });

  it("shows each of two who only quote a hash their own, and strangers nothing", async () => {
    const [alice, bob] = [freshKey(), freshKey()];
    const paymentHash = hex(32);
    await anOperation(alice, { paymentHash, amountSats: 1_000n });
    await anOperation(bob, { paymentHash, amountSats: 2_000n });
    expect((await get(paymentHash, { as: alice })).body["invoice_status"]).toMatchObject({ amount_sats: 1_000 });
    expect((await get(paymentHash, { as: bob })).body["invoice_status"]).toMatchObject({ amount_sats: 2_000 });
    expect((await get(paymentHash)).status).toBe(404);
    expect((await get(paymentHash, { as: freshKey() })).status).toBe(404);
  });

  it("shows a solver the one it made for somebody, not a newer one of somebody else", async () => {
    const [solver, other] = [freshKey(), freshKey()];
    const paymentHash = hex(32);
    await anOperation(freshKey(), { paymentHash, amountSats: 1_000n, sessionId: await aSessionBy(solver) });
    await anOperation(freshKey(), { paymentHash, amountSats: 2_000n, sessionId: await aSessionBy(other) });
    expect((await get(paymentHash, { as: solver })).body["invoice_status"]).toMatchObject({ amount_sats: 1_000 });
    expect((await get(paymentHash, { as: other })).body["invoice_status"]).toMatchObject({ amount_sats: 2_000 });
    expect((await get(paymentHash, { as: freshKey() })).status).toBe(404);
  });

  it("refuses what is no hash and says when it only remembers", async () => {
    expect((await get("xyz")).status).toBe(400);
    expect((await get(hex(32))).status).toBe(404);
    const { paymentHash } = await aPaidLand(freshKey(), hex(32));
    await reportLnd(false);
    expect((await get(paymentHash)).body).toMatchObject({ stale: true, as_of: expect.any(String) as string });
  });
});

describe("the operator's reads", () => {
  it.each([
    "/lightning/invoices",
    "/lightning/payments",
    "/lightning/balances",
    "/lightning/channels",
    "/lightning/statistics",
    "/lightning/monitor/health",
    "/admin/lightning/unknown",
    `/admin/lightning/unknown/${"ab".repeat(32)}`,
    "/admin/lightning/pending-channels",
  ])("GET %s are for the operator only", async (path) => {
    expect((await api.call("GET", path)).status).toBe(401);
    expect((await api.call("GET", path, { as: freshKey() })).status).toBe(401);
  });

  it("list invoices by pages, the open ones alone if wanted, and never a preimage", async () => {
    const preimage = hex(32);
    const paid = await aPaidLand(freshKey(), preimage);
    const open = await anOperation(freshKey());
    const list = (query: string) => api.call("GET", `/lightning/invoices?${query}`, { admin: true });
    const first = await list("limit=1");
    expect(first.body).toMatchObject({ count: 1, pending_only: false, invoices: [{ payment_hash: open.paymentHash }] });
    const second = await list(`limit=1&cursor=${String(first.body["next_cursor"])}`);
    expect(second.body).toMatchObject({ invoices: [{ payment_hash: paid.paymentHash, settled: true, memo: "tea" }] });
    expect(second.text).not.toContain(preimage);
    const pending = await list("limit=200&pending_only=true");
    expect(pending.text).toContain(open.paymentHash);
    expect(pending.text).not.toContain(paid.paymentHash);
    expect((await list(`limit=1&pending_only=true&cursor=${String(first.body["next_cursor"])}`)).status).toBe(400);
  });

  it("list payments with the routing fee in whole sats, rounded up", async () => {
    const preimage = hex(32);
    const { paymentHash } = await aPaidLand(freshKey(), preimage);
    // Nothing was ever paid for this one.
    await anOperation(freshKey(), { invoiceType: "land", paymentHash: hex(32) }, []);
    const { body, text } = await api.call("GET", "/lightning/payments?limit=1", { admin: true });
    expect(body).toMatchObject({ payments: [{ payment_hash: paymentHash, fee: 2, payment_preimage: null }] });
    expect(text).not.toContain(preimage);
  });

  it("show balances and channels, and the last ones known while lnd is away", async () => {
    const [balances, channels] = ["/lightning/balances", "/lightning/channels"];
    const fresh = await api.call("GET", balances, { admin: true });
    expect(fresh.body).toMatchObject({
      lightning_balances: {
        lightning: { local_balance: 600_000 },
        onchain: { confirmed_balance: 200_000 },
        total_wallet_balance: 850_000,
      },
    });
    expect(fresh.body).not.toHaveProperty("stale");
    expect((await api.call("GET", channels, { admin: true })).body).toMatchObject({
      count: 1,
      channels: [{ channel_id: "123456789012345678", channel_point: CHANNEL_POINT }],
    });
    lnd.isAway = true;
    for (const path of [balances, channels]) {
      expect((await api.call("GET", path, { admin: true })).body).toMatchObject({ stale: true });
    }
    const never = await api.call("GET", "/admin/lightning/pending-channels", { admin: true });
    expect(never).toMatchObject({ status: 503, body: { code: "daemon_unavailable" } });
  });

  it("show what another process of the API heard from lnd before it went away", async () => {
    const pending = { limboSats: 9n, opening: [], waitingClose: [], forceClosing: [] };
    await new DrizzleDaemonAnswerStore(api.database).save("lnd:pending", pending);
    lnd.isAway = true;
    const { body } = await api.call("GET", "/admin/lightning/pending-channels", { admin: true });
    expect(body).toMatchObject({ stale: true, as_of: expect.any(String) as string, pending: { limbo_sats: 9 } });
  });

  it("count, and tell a user's activity, from our rows, and say so while lnd is away", async () => {
    const owner = freshKey();
    const read = async () => [
      (await api.call("GET", "/lightning/statistics", { admin: true })).body,
      (await api.call("GET", `/lightning/activity/${owner.pubkey}`, { as: owner })).body,
    ];
    for (const body of await read()) expect(body).not.toHaveProperty("stale");
    await reportLnd(false);
    for (const body of await read()) {
      expect(body).toMatchObject({ stale: true, as_of: expect.any(String) as string });
    }
  });

  it("count what happened in the range that was asked for", async () => {
    await aPaidLand(freshKey(), hex(32));
    const { body } = await api.call("GET", "/lightning/statistics?hours=1", { admin: true });
    const numbers = body["lightning_statistics"] as Record<string, number>;
    expect(numbers["paid_invoices"]).toBeGreaterThan(0);
    expect(numbers["total_volume_sats"]).toBe(5_000 * (numbers["paid_invoices"] ?? 0));
    expect((await api.call("GET", "/lightning/statistics?hours=0", { admin: true })).status).toBe(400);
  });

  it("tell how far the listener is", async () => {
    await anUnknownLand();
    const { body } = await api.call("GET", "/lightning/monitor/health", { admin: true });
    expect(body["monitor_health"]).toMatchObject({
      check_interval: 30,
      event_handlers_count: 3,
      redis_connected: true,
      lnd_connected: true,
      cursor: { add_index: "12", settle_index: "7" },
    });
    expect((body["monitor_health"] as Record<string, number>)["unknown_payments"]).toBeGreaterThan(0);
  });
});

describe("GET /lightning/activity/{user_pubkey}", () => {
  it("is the key's own and the operator's", async () => {
    const owner = freshKey();
    const row = await anOperation(owner);
    const path = `/lightning/activity/${owner.pubkey}`;
    for (const options of [{ as: owner }, { admin: true }]) {
      expect((await api.call("GET", path, options)).body).toMatchObject({
        count: 1,
        user_pubkey: owner.pubkey,
        user_activity: [{ payment_hash: row.paymentHash, invoice_type: "land", paid_at: null }],
      });
    }
    expect((await api.call("GET", path)).status).toBe(401);
    expect((await api.call("GET", path, { as: freshKey() })).status).toBe(404);
    expect((await api.call("GET", "/lightning/activity/xyz", { as: owner })).status).toBe(400);
  });
});

describe("the desk of unknown payments", () => {
  it("shows all evidence, asks lnd and sends nothing", async () => {
    const row = await anUnknownLand();
    const one = await api.call("GET", `/admin/lightning/unknown/${row.paymentHash}`, { admin: true });
    expect(one.body["unknown"]).toMatchObject({
      operation_id: row.operationId,
      status: "in_flight",
      reason: "lnd has forgotten it",
      last_check: expect.any(String) as string,
      evidence: {
        track_result: { status: "in_flight", payment_index: "9" },
        htlcs: [{ attempt_id: "77", status: "in_flight" }],
        attempts: [{ attempt: 1, status: "created", top_index: "8" }],
      },
    });
    const list = await api.call("GET", "/admin/lightning/unknown?limit=1", { admin: true });
    expect(list.body).toMatchObject({ total_count: 1, unknown: [{ payment_hash: row.paymentHash }] });
  });

  it("shows a lift by its invoice: what was paid, and until which block the HTLCs are held", async () => {
    const fields = { invoiceType: "lift", status: "pending", claimsHash: true } as const;
    const unknown = { unknownSince: new Date(Date.now() - 60_000) };
    const row = await anOperation(freshKey(), fields, [unknown]);
    const one = await api.call("GET", `/admin/lightning/unknown/${row.paymentHash}`, { admin: true });
    expect(one.body["unknown"]).toMatchObject({
      invoice_type: "lift",
      last_check: expect.any(String) as string,
      evidence: {
        track_result: { state: "accepted", value_msat: "5000000", amt_paid_msat: "5000001", settle_index: "0" },
        htlcs: [{ status: "accepted", amt_msat: "5000001", expiry_height: 812_400 }],
      },
    });
  });

  it("shows what is known of it while lnd is away, and does not know a payment with a clear outcome", async () => {
    const row = await anUnknownLand();
    lnd.isAway = true;
    const away = await api.call("GET", `/admin/lightning/unknown/${row.paymentHash}`, { admin: true });
    expect(away.body["unknown"]).toMatchObject({ last_check: null, evidence: { track_result: null } });
    const { paymentHash } = await aPaidLand(freshKey(), hex(32));
    for (const method of ["GET", "POST"]) {
      const path = `/admin/lightning/unknown/${paymentHash}${method === "POST" ? "/recheck" : ""}`;
      expect((await api.call(method, path, { admin: true })).status).toBe(404);
    }
  });

  it("has the land looked at again at once", async () => {
    const row = await anUnknownLand();
    const path = `/admin/lightning/unknown/${row.paymentHash}/recheck`;
    const answer = await api.call("POST", path, { admin: true });
    expect(answer).toMatchObject({ status: 202, body: { operation_id: row.operationId, status: "in_flight" } });
    const after = await api.deps.session.operations.find(row.operationId);
    expect(after?.wakeSeq).toBe(row.wakeSeq + 1);
    expect((await api.call("POST", path, { as: freshKey() })).status).toBe(401);
  });
});

describe("POST /lightning/pay/{payment_hash}", () => {
  const pay = (hash: string, options = {}) => api.call("POST", `/lightning/pay/${hash}`, options);

  it("resumes a land whose VTXO is ours, by one job at a time", async () => {
    const row = await anUnknownLand();
    const first = await pay(row.paymentHash, { admin: true });
    expect(first).toMatchObject({
      status: 202,
      body: { operation_id: row.operationId, payment_hash: row.paymentHash, details: { status: "in_flight" } },
    });
    expect(first.headers.get("location")).toBe(`/jobs/${String(first.body["job_id"])}`);
    expect((await pay(row.paymentHash, { admin: true })).body["job_id"]).toBe(first.body["job_id"]);
    expect((await pay(row.paymentHash, { as: freshKey() })).status).toBe(401);
  });

  it("makes no payment for an unknown hash, an ended land or a lift, and none while lnd is away", async () => {
    expect((await pay(hex(32), { admin: true })).status).toBe(404);
    const { paymentHash: ended } = await aPaidLand(freshKey(), hex(32));
    expect(await pay(ended, { admin: true })).toMatchObject({ status: 409, body: { code: "wrong_state" } });
    const lift = { invoiceType: "lift", status: "pending", claimsHash: true } as const;
    expect((await pay((await anOperation(freshKey(), lift)).paymentHash, { admin: true })).status).toBe(404);
    const row = await anUnknownLand();
    await reportLnd(false);
    const away = await pay(row.paymentHash, { admin: true });
    expect(away).toMatchObject({ status: 503, body: { code: "daemon_unavailable", retryable: true } });
    expect(away.headers.get("retry-after")).not.toBeNull();
  });
});
