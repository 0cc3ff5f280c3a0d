import { vtxoScriptFor } from "@arkrelay/core/ark/vtxo-script";
import { deriveGatewayKeys } from "@arkrelay/core/ark/wallet-keys";
import type { TaprootAssets } from "@arkrelay/core/ports/taproot-assets";
import { TEST_ARK_PARAMS, type TestKey } from "@arkrelay/core/testing/ark-transfer";
import { DrizzleAssetSupplyStore } from "@arkrelay/db/stores/asset-supply-store";

import { giveAssetStock, giveVtxos } from "../../testing/give-vtxos";
import { freshKey, knowArkd, startTestApi, type TestApi } from "../../testing/test-api";

let api: TestApi;
const GATEWAY = deriveGatewayKeys(new Uint8Array(32).fill(9));
const asTestKey = ({ pubkey, secretKey }: (typeof GATEWAY)["stock"]): TestKey => ({ pubkey, secretKey });

beforeAll(async () => {
  // Away for as long as anybody would wait.
  const tapd = { getInfo: () => new Promise(() => undefined) } as unknown as TaprootAssets;
  api = await startTestApi({ SOLVER_AUTH: "registered" }, { tapd });
});
afterAll(() => api.close());

/** What a worker registers at its start, and stock. */
async function stocked(...amountsSats: bigint[]): Promise<void> {
  await knowArkd(api);
  const { transactions, vtxos } = api.deps.session;
  for (const kind of ["treasury", "stock", "fee", "used", "land"] as const) {
    await transactions.run(async (tx) => {
      const { signerPubkey, exitDelay } = TEST_ARK_PARAMS;
      const info = vtxoScriptFor(GATEWAY[kind].pubkey, TEST_ARK_PARAMS, "regtest");
      await vtxos.ensureScript(tx, { ...info, signerPubkey, exitDelay, kind });
    });
  }
  await giveVtxos(api, asTestKey(GATEWAY.stock), "stock", ...amountsSats);
}

async function createKey(fields: object): Promise<string> {
  const { body } = await api.call("POST", "/admin/api-keys", { admin: true, body: { name: "solver", ...fields } });
  return String(body["key"]);
}

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const assign = (options: object, change: object = {}) =>
  api.call("POST", "/vtxos/assign", {
    body: { user_pubkey: freshKey().pubkey, asset_id: "gBTC", amount_needed: 1_000, ...change },
    ...options,
  });

it("waits for arkd's parameters and the gateway's scripts to be known", async () => {
  expect(await assign({ admin: true })).toMatchObject({ status: 503, body: { code: "not_ready" } });
});

it("tells the VTXO of the user and what goes back, and its job is there to be followed", async () => {
  await stocked(50_000n);
  const user = freshKey().pubkey;
  const answer = await assign({ admin: true }, { user_pubkey: user, asset_id: "BTC", amount_needed: 20_000 });
  const vtxoId = String(answer.body["vtxo_id"]);
  const jobId = String(answer.body["job_id"]);
  expect(answer).toMatchObject({
    status: 202,
    body: {
      user_pubkey: user,
      asset_id: "gBTC",
      amount_sats: 20_000,
      change_amount: 30_000,
      vtxos: [{ vtxo_id: vtxoId, amount: 20_000 }],
    },
  });
  expect(vtxoId).toMatch(/^[0-9a-f]{64}:0$/);
  expect(answer.headers.get("location")).toBe(`/jobs/${jobId}`);
  const job = await api.call("GET", `/jobs/${jobId}`, { admin: true });
  expect(job.body).toMatchObject({ job_type: "vtxo_assign", queue: "inventory", status: "pending" });
  const cancel = await api.call("POST", `/jobs/${jobId}/cancel`, { admin: true });
  expect(cancel).toMatchObject({ status: 409, body: { code: "job_not_cancellable" } });
});

it("a call that is repeated with its key gives once", async () => {
  await stocked(50_000n, 50_000n);
  const options = { admin: true, headers: { "idempotency-key": freshKey().pubkey } };
  const change = { user_pubkey: freshKey().pubkey };
  const first = await assign(options, change);
  const second = await assign(options, change);
  expect(second.headers.get("idempotent-replayed")).toBe("true");
  expect(second.body).toEqual(first.body);
  const other = await assign(options, { ...change, amount_needed: 1_001 });
  expect(other).toMatchObject({ status: 422, body: { code: "idempotency_mismatch" } });
});

it("a solver gives as much of an asset in a day as its key says, and another key is not touched by it", async () => {
  await stocked(...Array.from({ length: 6 }, () => 50_000n));
  const scopes = ["vtxos:assign", "jobs"];
  const [one, two] = [
    await createKey({ scopes, assign_limits: { gBTC: 2_500 } }),
    await createKey({ scopes, assign_limits: { gBTC: 1_000 } }),
  ];
  const answers = await Promise.all(Array.from({ length: 4 }, () => assign(bearer(one))));
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 202, 503, 503]);
  const refused = answers.find(({ status }) => status === 503);
  expect(refused?.body).toMatchObject({ code: "inventory_exhausted", details: { asset_id: "gBTC" } });
  const given = answers.find(({ status }) => status === 202);
  const job = `/jobs/${String(given?.body["job_id"])}`;
  expect((await api.call("GET", job, bearer(one))).status).toBe(200);
  expect((await api.call("GET", job, bearer(two))).status).toBe(404);
  expect((await assign(bearer(two))).status).toBe(202);
});

it("a registered Nostr key gives by its own allowance", async () => {
  await stocked(50_000n);
  const key = freshKey();
  await createKey({ kind: "nostr", pubkey: key.pubkey, scopes: ["vtxos:assign"], assign_limits: { gBTC: 1_000 } });
  expect((await assign({ as: key })).status).toBe(202);
  expect(await assign({ as: key })).toMatchObject({ status: 503, body: { code: "inventory_exhausted" } });
});

it("a key without an allowance for the asset gives nothing", async () => {
  await stocked(50_000n);
  const key = await createKey({ scopes: ["vtxos:assign"] });
  expect(await assign(bearer(key))).toMatchObject({ status: 503, body: { code: "inventory_exhausted" } });
});

it.each([
  [{ amount_needed: 0 }, 422, "invalid_amount"],
  [{ amount_needed: "1000" }, 422, "invalid_amount"],
  [{ amount_needed: undefined }, 400, "invalid_request"],
  [{ amount_needed: 329 }, 422, "amount_below_minimum"],
  [{ amount_needed: 9_000_000 }, 503, "inventory_exhausted"],
  [{ user_pubkey: "00".repeat(32) }, 400, "invalid_request"],
  [{ asset_id: "nobody-knows" }, 422, "asset_unknown"],
])("refuses %j with %i %s, and leaves no job behind", async (change, status, code) => {
  await stocked(50_000n);
  const count = async () => (await api.database.select("SELECT COUNT(*) AS n FROM job_logs"))[0]?.["n"];
  const before = await count();
  expect(await assign({ admin: true }, change)).toMatchObject({ status, body: { code } });
  expect(await count()).toEqual(before);
});

describe("a twin", () => {
  const ARK_ID = `${"aa".repeat(32)}0000`;
  const supplies = () => new DrizzleAssetSupplyStore(api.database);
  /** What a worker heard of tapd, this long ago. */
  const heard = async (units: bigint, agoMs: number, mark?: string): Promise<void> => {
    const { tapdMark } = await supplies().readExposure(undefined, "gold");
    const at = new Date(Date.now() - agoMs);
    await api.deps.transactions.run((tx) =>
      supplies().record(tx, "gold", { tapd: { units, mark: mark ?? tapdMark } }, at),
    );
  };
  const give = () => assign({ admin: true }, { asset_id: "gold", amount_needed: 60 });

  it("is given by what was last heard of tapd while that does not answer, as long as it still tells of now", async () => {
    await stocked(...Array.from({ length: 4 }, () => 50_000n));
    await api.database.write(
      `INSERT INTO assets (asset_id, name, ticker, asset_type, decimal_places, issued, backing, ark_asset_id, taproot_asset_id, status,
         created_at) VALUES ('gold', 'Gold', 'GLD', 'normal', 0, 500, 'taproot', ?, ?, 'active', NOW(3))`,
      [ARK_ID, "ab".repeat(32)],
    );
    await giveAssetStock(api, asTestKey(GATEWAY.stock), { assetId: ARK_ID, amount: 500n });
    const unknown = { status: 503, body: { code: "not_ready", details: { asset_id: "gold" } } };
    expect(await give()).toMatchObject(unknown);
    await heard(60n, 16 * 60_000);
    expect(await give()).toMatchObject(unknown);
    await heard(60n, 0, "of another moment");
    expect(await give()).toMatchObject(unknown);
    await heard(59n, 0);
    expect(await give()).toMatchObject({ status: 422, body: { code: "reserve_insufficient" } });
    await heard(60n, 0);
    expect((await give()).status).toBe(202);
  });
});

it("is for the operator and for keys with the scope", async () => {
  await stocked(50_000n);
  expect(await assign({})).toMatchObject({ status: 401, body: { code: "auth_required" } });
  const key = await createKey({ assign_limits: { gBTC: 1_000 } });
  expect(await assign(bearer(key))).toMatchObject({ status: 403, body: { code: "scope_missing" } });
  expect((await assign({ as: freshKey() })).status).toBe(403);
});
