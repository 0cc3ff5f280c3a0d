import { testKey, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";

import { FakeLnd } from "../../testing/fake-lnd";
import { giveVtxos } from "../../testing/give-vtxos";
import {
  freshKey,
  knowArkd,
  startTestApi,
  type CallOptions,
  type TestAnswer,
  type TestApi,
} from "../../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  // Enough callers share one test process that the caller's own limit is tried once, at the end.
  api = await startTestApi(
    { SOLVER_AUTH: "registered", LIFT_MAX_SATS: "500000", LIFT_OPEN_PER_CALLER: "30", LIFT_OPEN_FACTOR: "1000" },
    { lnd: new FakeLnd().node },
  );
  await knowArkd(api);
  await giveVtxos(api, freshKey(), "stock", 100_000n, 100_000n, 100_000n);
});
afterAll(() => api.close());

const lift = (options: CallOptions): Promise<TestAnswer> => api.call("POST", "/lightning/lift", options);
const bodyOf = (key: TestKey, fields: object = {}) => ({
  user_pubkey: key.pubkey,
  asset_id: "BTC",
  amount_sats: 50_000,
  ...fields,
});

/** As the worker does once the node has made the invoice. */
async function makeInvoice(operationId: string): Promise<void> {
  const { transactions, operations } = api.deps.session;
  await transactions.run(async (tx) => {
    const operation = await operations.lock(tx, operationId);
    if (operation !== undefined) await operations.move(tx, operation, { bolt11: "lnbcrt500u1made" }, undefined);
  });
}

async function reportLnd(healthy: boolean): Promise<void> {
  const at = new Date().toISOString();
  const base = { at, instance: "i", running: true, restartSeen: 0, failures: 0, lastError: null };
  const lnd = {
    healthy,
    breaker: healthy ? "closed" : "open",
    latencyMs: 4,
    version: null,
    lastErrorCode: null,
    checkedAt: at,
  };
  await new DrizzleServiceStateStore(api.database).setActual("monitoring", { ...base, detail: { daemons: { lnd } } });
}

describe("POST /lightning/lift", () => {
  it("starts a lift whose invoice comes later, and shows neither preimage nor anything reserved", async () => {
    const as = freshKey();
    const answer = await lift({ as, body: bodyOf(as, { memo: "tea" }) });
    expect(answer).toMatchObject({
      status: 202,
      body: {
        success: true,
        bolt11_invoice: null,
        details: {
          user_pubkey: as.pubkey,
          asset_id: "gBTC",
          amount_sats: 50_000,
          amount: 50_000,
          status: "pending",
          fee_sats: 0,
        },
      },
    });
    expect(answer.headers.get("location")).toBe(`/sessions/${String(answer.body["session_id"])}`);
    expect(answer.text).not.toContain("preimage");
    const hash = String(answer.body["payment_hash"]);
    const shown = await api.call("GET", `/lightning/invoices/${hash}`);
    expect(shown.body).toMatchObject({ invoice_status: { status: "pending", invoice_type: "lift" } });
    const session = await api.call("GET", `/sessions/${String(answer.body["session_id"])}`, { as });
    expect(session.body).toMatchObject({ session_type: "lightning_lift", status: "initiated" });
  });

  it("brings the invoice to a caller that waits for it, also when the call is repeated", async () => {
    const as = freshKey();
    const headers = { "idempotency-key": "lift-1" };
    const first = await lift({ as, body: bodyOf(as), headers });
    await makeInvoice(String(first.body["operation_id"]));
    const again = await lift({ as, body: bodyOf(as), headers: { ...headers, prefer: "wait=5" } });
    expect(again).toMatchObject({
      status: 201,
      body: { operation_id: first.body["operation_id"], bolt11_invoice: "lnbcrt500u1made" },
    });
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.headers.get("location")).toBe(`/sessions/${String(first.body["session_id"])}`);
    const other = await lift({ as, body: bodyOf(as, { amount_sats: 50_001 }), headers });
    expect(other).toMatchObject({ status: 422, body: { code: "idempotency_mismatch" } });
  });

  it.each([
    [{ amount_sats: undefined }, 400, "invalid_request"],
    [{ amount_sats: 0 }, 422, "invalid_amount"],
    [{ amount_sats: "50000" }, 422, "invalid_amount"],
    [{ amount: 40_000 }, 422, "invalid_amount"],
    [{ amount_sats: 999 }, 422, "amount_below_minimum"],
    [{ amount_sats: 500_001 }, 422, "amount_above_maximum"],
    [{ amount_sats: 400_000 }, 503, "inventory_exhausted"],
    [{ asset_id: "gUSD" }, 422, "invalid_amount"],
    [{ asset_id: "gUSD", amount_sats: undefined, amount: 5 }, 422, "asset_unknown"],
    [{ memo: "x".repeat(201) }, 400, "invalid_request"],
    [{ user_pubkey: "xyz" }, 400, "invalid_request"],
  ])("refuses %j", async (fields, status, code) => {
    const as = testKey("of a refused lift");
    expect(await lift({ as, body: bodyOf(as, fields) })).toMatchObject({ status, body: { code } });
  });

  it("refuses an amount that is not written as an integer", async () => {
    const as = freshKey();
    const rawBody = JSON.stringify(bodyOf(as)).replace("50000", "5e4");
    expect(await lift({ as, rawBody })).toMatchObject({ status: 422, body: { code: "invalid_amount" } });
  });

  it("is started by the key itself or by a solver, and by nobody else", async () => {
    const owner = freshKey();
    expect((await lift({ body: bodyOf(owner) })).status).toBe(401);
    expect(await lift({ as: freshKey(), body: bodyOf(owner) })).toMatchObject({
      status: 403,
      body: { code: "forbidden" },
    });
    const solver = freshKey();
    const key = { name: "solver", kind: "nostr", pubkey: solver.pubkey, scopes: ["lightning"] };
    await api.call("POST", "/admin/api-keys", { admin: true, body: key });
    const started = await lift({ as: solver, body: bodyOf(owner) });
    expect(started).toMatchObject({ status: 202, body: { details: { user_pubkey: owner.pubkey } } });
    const noScope = freshKey();
    const other = { name: "other", kind: "nostr", pubkey: noScope.pubkey, scopes: ["jobs"] };
    await api.call("POST", "/admin/api-keys", { admin: true, body: other });
    expect((await lift({ as: noScope, body: bodyOf(owner) })).status).toBe(403);
  });

  it("lets a key have three unpaid ones", async () => {
    const as = freshKey();
    for (let i = 0; i < 3; i++) expect((await lift({ as, body: bodyOf(as) })).status).toBe(202);
    const fourth = await lift({ as, body: bodyOf(as) });
    expect(fourth).toMatchObject({ status: 429, body: { code: "rate_limited", retryable: true } });
  });

  it("is not started while lnd is known to be away", async () => {
    await reportLnd(false);
    const as = freshKey();
    const answer = await lift({ as, body: bodyOf(as) });
    await reportLnd(true);
    expect(answer).toMatchObject({ status: 503, body: { code: "daemon_unavailable", retryable: true } });
    expect(answer.headers.get("retry-after")).not.toBeNull();
    expect((await lift({ as, body: bodyOf(as) })).status).toBe(202);
  });
});

describe("GET /lightning/fees/estimate/{amount_sats}", () => {
  const estimate = (path: string) => api.call("GET", `/lightning/fees/estimate/${path}`);

  it("names the fee of a land, rounded up and at least 1, and nothing for a lift", async () => {
    expect((await estimate("50001")).body).toMatchObject({
      fee_estimate: { base_fee: 51, routing_fee: 0, carrier_units: 0, total_fee: 51, total_amount: 50_052 },
    });
    expect((await estimate("1?direction=land")).body).toMatchObject({ fee_estimate: { total_fee: 1 } });
    expect((await estimate("50001?direction=lift&asset_id=BTC")).body).toMatchObject({
      fee_estimate: { total_fee: 0, total_amount: 50_001, fee_percentage: 0 },
    });
  });

  it.each([
    ["0", 400],
    ["1.5", 400],
    ["many", 400],
    ["5000?direction=up", 400],
    ["5000?asset_id=gUSD", 422],
  ])("refuses %s", async (path, status) => {
    expect((await estimate(path)).status).toBe(status);
  });

  it("counts Nostr keys by the address they call from, because anybody can make as many as they like", async () => {
    let started = 0;
    for (let attempt = 0; attempt < 31; attempt++) {
      const as = freshKey();
      const { status } = await lift({ as, body: bodyOf(as, { amount_sats: 1_000 }) });
      if (status === 429) break;
      started += 1;
    }
    const as = freshKey();
    expect(await lift({ as, body: bodyOf(as, { amount_sats: 1_000 }) })).toMatchObject({
      status: 429,
      body: { code: "rate_limited" },
    });
    expect(started).toBeLessThan(31);
  });
});
