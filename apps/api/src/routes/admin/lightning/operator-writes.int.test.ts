import { until } from "@arkrelay/runtime/testing/until";

import { CHANNEL_POINT, FakeLnd, PEER_NODE } from "../../../testing/fake-lnd";
import { freshKey, startTestApi, type TestApi } from "../../../testing/test-api";
import { askLnd } from "./ask-lnd";

let api: TestApi;
const lnd = new FakeLnd();
/** Nobody serves the queue here, so nothing but the job's row comes of a write. */
const OPEN = { node_pubkey: PEER_NODE, host: "10.0.0.1:9735", amount_sats: 100_000, sat_per_vbyte: 2 };
const CLOSE = { channel_point: CHANNEL_POINT };
const SEND = { address: "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", amount_sats: 50_000 };

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" }, { lnd: lnd.node });
});
beforeEach(() => {
  lnd.isAway = false;
  lnd.answersAfter = undefined;
  lnd.asked.length = 0;
});
afterAll(() => api.close());

const post = (action: string, body: unknown, options: object = { admin: true }) =>
  api.call("POST", `/admin/lightning/${action}`, { body, ...options });

async function jobOf(answer: { readonly body: Record<string, unknown> }) {
  return (await api.call("GET", `/jobs/${String(answer.body["job_id"])}`, { admin: true })).body;
}

describe.each([
  [
    "channels/open",
    OPEN,
    "lightning_channel_open",
    { action: "open_channel", needs_host: false, sufficient_funds: true },
  ],
  [
    "channels/close",
    CLOSE,
    "lightning_channel_close",
    { action: "close_channel", active: true, local_balance: 600_000 },
  ],
  [
    "send-onchain",
    SEND,
    "lightning_send_onchain",
    { action: "send_onchain", fee_estimate: 420, sufficient_funds: true },
  ],
])("POST /admin/lightning/%s", (action, body, jobType, plan) => {
  it("shows the plan only, unless told to go on", async () => {
    const answer = await post(action, body);
    expect(answer).toMatchObject({ status: 200, body: { dry_run: true, plan } });
    expect(answer.body).not.toHaveProperty("job_id");
  });

  it("becomes a job also while lnd does not answer, and one job however often it is sent", async () => {
    lnd.isAway = true;
    const headers = { "idempotency-key": `key-${action}` };
    const send = () => post(action, { ...body, dry_run: false }, { admin: true, headers });
    const answer = await send();
    expect(answer).toMatchObject({ status: 202, body: { dry_run: false, plan: { action: plan.action } } });
    expect(answer.headers.get("location")).toBe(`/jobs/${String(answer.body["job_id"])}`);
    expect(await jobOf(answer)).toMatchObject({ job_type: jobType, queue: "ops", status: "pending" });
    const again = await send();
    expect(again.body["job_id"]).toBe(answer.body["job_id"]);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
  });

  it("is the operator's alone, and lnd is asked for nobody else", async () => {
    expect((await post(action, body, {})).body).toMatchObject({ code: "admin_key_required" });
    expect((await post(action, body, { as: freshKey() })).status).toBe(401);
    expect(lnd.asked).toEqual([]);
  });

  it("asks lnd while no transaction is open, and only once for one Idempotency-Key", async () => {
    let answerNow = (): void => undefined;
    lnd.answersAfter = new Promise((resolve) => (answerNow = resolve));
    const headers = { "idempotency-key": `dry-${action}` };
    const pending = post(action, body, { admin: true, headers });
    await until(() => lnd.asked.length > 0 && api.deps.status.readPool().activeConnections === 0);
    answerNow();
    expect(await pending).toMatchObject({ status: 200, body: { plan } });
    lnd.asked.length = 0;
    const again = await post(action, body, { admin: true, headers });
    expect(again).toMatchObject({ status: 200, body: { plan } });
    expect(lnd.asked).toEqual([]);
  });

  it("has no plan while lnd is away", async () => {
    lnd.isAway = true;
    expect(await post(action, body)).toMatchObject({ status: 503, body: { code: "daemon_unavailable" } });
  });
});

describe("what is refused before anything is done", () => {
  it.each([
    ["channels/open", { ...OPEN, node_pubkey: "02ab" }, 400],
    ["channels/open", { ...OPEN, amount_sats: 0 }, 422],
    ["channels/open", { ...OPEN, amount_sats: "100000" }, 422],
    ["channels/close", { ...CLOSE, force: true }, 400],
    ["channels/close", { ...CLOSE, force: true, confirm: "yes" }, 400],
    ["channels/close", { ...CLOSE, force: true, confirm: CHANNEL_POINT, sat_per_vbyte: 5 }, 400],
    ["send-onchain", { ...SEND, address: "not an address" }, 400],
    ["send-onchain", { ...SEND, amount_sats: -1 }, 422],
    ["new-address", { type: "p2pkh" }, 400],
  ])("%s %j is %i", async (action, body, status) => {
    expect((await post(action, { ...body, dry_run: false })).status).toBe(status);
  });

  it("a plan for a channel that is not there is 404", async () => {
    expect((await post("channels/close", { channel_point: `${"00".repeat(32)}:0` })).status).toBe(404);
  });

  it("a forced close is one only when the channel point is repeated", async () => {
    const forced = { ...CLOSE, force: true, confirm: CHANNEL_POINT };
    expect((await post("channels/close", forced)).body).toMatchObject({ plan: { action: "force_close_channel" } });
  });
});

test("a payment that is begun tells what it will cost, and that nobody knows while lnd is away", async () => {
  const send = { ...SEND, sat_per_vbyte: 6, dry_run: false };
  expect((await post("send-onchain", send)).body).toMatchObject({ plan: { fee_estimate: 840 }, dry_run: false });
  lnd.isAway = true;
  expect((await post("send-onchain", send)).body).toMatchObject({ plan: { fee_estimate: null }, dry_run: false });
});

test("an lnd that gives no answer in time counts as away, and its late answer is dropped", async () => {
  lnd.answersAfter = new Promise(() => undefined);
  const asking = askLnd(api.deps, (node) => node.getOnchainBalance(), 20);
  await expect(asking).rejects.toMatchObject({ code: "daemon_unavailable", details: { service: "lnd" } });
});

test("a new address is made by a job, whose answer is the address once it is there", async () => {
  const headers = { prefer: "wait=0", "idempotency-key": "address-1" };
  const answer = await post("new-address", { type: "p2wkh" }, { admin: true, headers });
  expect(answer).toMatchObject({ status: 202, body: { job_id: expect.any(String) as string } });
  await api.database.write("UPDATE job_logs SET status = 'completed', result_data = ? WHERE job_id = ?", [
    JSON.stringify({ address: "bcrt1qnew" }),
    String(answer.body["job_id"]),
  ]);
  const later = { ...headers, prefer: "wait=1" };
  expect(await post("new-address", { type: "p2wkh" }, { admin: true, headers: later })).toMatchObject({
    status: 200,
    body: { address: "bcrt1qnew" },
  });
});

test("without a configured lnd nothing is planned or done", async () => {
  const bare = await startTestApi();
  try {
    for (const dry_run of [true, false]) {
      const body = { ...SEND, dry_run };
      const answer = await bare.call("POST", "/admin/lightning/send-onchain", { admin: true, body });
      expect(answer).toMatchObject({ status: 503, body: { code: "feature_disabled" } });
    }
  } finally {
    await bare.close();
  }
});
