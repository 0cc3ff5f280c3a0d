import { randomBytes } from "node:crypto";

import { ADMIN_KEY, freshKey, startTestApi, type TestApi } from "../../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({
    SOLVER_AUTH: "nip98",
    VTXO_MIN_AMOUNT_SATS: "900",
    VTXO_BATCH_AMOUNT_SATS: "50000",
    ASSET_CARRIER_SATS: "1200",
  });
});
afterAll(() => api.close());

const create = (body: object, options: object = { admin: true }) =>
  api.call("POST", "/vtxos/batch/create", { body, ...options });

async function issued(status = "active"): Promise<string> {
  const assetId = `gold-${randomBytes(4).toString("hex")}`;
  await api.database.write(
    `INSERT INTO assets (asset_id, name, ticker, asset_type, decimal_places, backing, ark_asset_id, status, created_at)
     VALUES (?, 'Gold', 'GLD', 'normal', 0, 'ark', ?, ?, NOW(3))`,
    [assetId, status === "registered" ? null : `${randomBytes(32).toString("hex")}0000`, status],
  );
  return assetId;
}

async function payloadOf(jobId: unknown): Promise<unknown> {
  const [row] = await api.database.select("SELECT payload FROM job_logs WHERE job_id = ?", [String(jobId)]);
  const payload = row?.["payload"];
  return typeof payload === "string" ? JSON.parse(payload) : payload;
}

const end = (jobId: unknown) =>
  api.database.write("UPDATE job_logs SET status = 'completed', dedupe_key = NULL WHERE job_id = ?", [String(jobId)]);

it("becomes a job of the inventory, with the sizes that are configured", async () => {
  const assetId = await issued();
  const answer = await create({ asset_id: assetId, count: 5, asset_amount: 70 });
  expect(answer).toMatchObject({ status: 202, body: { asset_id: assetId, count: 5 } });
  const jobId = String(answer.body["job_id"]);
  expect(answer.headers.get("location")).toBe(`/jobs/${jobId}`);
  expect((await api.call("GET", `/jobs/${jobId}`, { admin: true })).body).toMatchObject({
    job_type: "vtxo_replenishment",
    queue: "inventory",
    status: "pending",
  });
  expect(await payloadOf(jobId)).toMatchObject({ assetId, count: 5, amountSats: 1_200, assetAmount: 70 });
});

it("makes stock of sats under either name of them", async () => {
  for (const [asset_id, amounts] of [
    ["BTC", {}],
    ["gBTC", { amount_sats: 900 }],
  ] as const) {
    const { body } = await create({ asset_id, count: 1, ...amounts });
    expect(await payloadOf(body["job_id"])).toMatchObject({
      assetId: "gBTC",
      amountSats: "amount_sats" in amounts ? 900 : 50_000,
      assetAmount: 0,
    });
    await end(body["job_id"]);
  }
});

it("runs once per asset at a time, and names the job that runs", async () => {
  const [gold, silver] = [await issued(), await issued()];
  const first = await create({ asset_id: gold, count: 5, asset_amount: 70 });
  const second = await create({ asset_id: gold, count: 1, asset_amount: 1 });
  expect(second).toMatchObject({
    status: 409,
    body: { code: "conflict", details: { job_id: first.body["job_id"] as string } },
  });
  expect((await create({ asset_id: silver, count: 1, asset_amount: 1 })).status).toBe(202);
  await end(first.body["job_id"]);
  expect((await create({ asset_id: gold, count: 1, asset_amount: 1 })).status).toBe(202);
});

it.each([
  [{ count: 0 }, 400, "invalid_request"],
  [{ count: 1_001 }, 400, "invalid_request"],
  [{ amount_sats: 899 }, 422, "amount_below_minimum"],
  [{ amount_sats: "900" }, 422, "invalid_amount"],
  [{ asset_amount: 0 }, 422, "invalid_amount"],
  [{ asset_amount: undefined }, 400, "invalid_request"],
  [{ asset_id: "gBTC" }, 400, "invalid_request"],
  [{ asset_id: "nobody-knows" }, 422, "asset_unknown"],
])("refuses %j with %i %s", async (change, status, code) => {
  const body = { asset_id: await issued(), count: 5, asset_amount: 70, ...change };
  expect(await create(body)).toMatchObject({ status, body: { code } });
});

it.each(["registered", "issuing", "frozen", "inactive"])("makes no stock of a %s asset", async (status) => {
  const answer = await create({ asset_id: await issued(status), count: 5, asset_amount: 70 });
  expect(answer).toMatchObject({ status: 422, body: { code: "asset_inactive" } });
});

it("is the operator's alone", async () => {
  const body = { asset_id: "gBTC", count: 1 };
  expect(await create(body, {})).toMatchObject({ status: 401, body: { code: "admin_key_required" } });
  expect((await create(body, { as: freshKey() })).status).toBe(401);
  expect(await create(body, { headers: { "x-admin-key": `${ADMIN_KEY}x` } })).toMatchObject({
    status: 401,
    body: { code: "admin_key_invalid" },
  });
});
