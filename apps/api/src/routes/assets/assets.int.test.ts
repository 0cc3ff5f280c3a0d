import { randomBytes } from "node:crypto";

import { AppError } from "@arkrelay/core/errors";
import type { TaprootAssets } from "@arkrelay/core/ports/taproot-assets";
import { DrizzleAssetSupplyStore } from "@arkrelay/db/stores/asset-supply-store";

import { giveVtxos } from "../../testing/give-vtxos";
import { ADMIN_KEY, freshKey, startTestApi, type TestApi } from "../../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
});
afterAll(() => api.close());

const newName = () => `gold-${randomBytes(4).toString("hex")}`;
const GOLD = { name: "Gold", ticker: "GLD", decimal_places: 2, total_supply: 1_000_000 };
const TAPROOT = { ...GOLD, backing: "taproot" };

const post = (body: unknown, options: object = { admin: true }) => api.call("POST", "/assets", { body, ...options });
const patch = (assetId: string, body: unknown, options: object = { admin: true }) =>
  api.call("PATCH", `/assets/${assetId}`, { body, ...options });

async function registered(body: object = GOLD): Promise<string> {
  const assetId = newName();
  expect(await post({ asset_id: assetId, ...body })).toMatchObject({ status: 201 });
  return assetId;
}

const setStatus = (assetId: string, status: string) =>
  api.database.write("UPDATE assets SET status = ? WHERE asset_id = ?", [status, assetId]);

/** As an issuance leaves it; the units are arkd's under this id. */
async function issue(assetId: string, units: bigint): Promise<string> {
  const arkAssetId = `${randomBytes(32).toString("hex")}0000`;
  await api.database.write("UPDATE assets SET status = 'active', ark_asset_id = ?, issued = ? WHERE asset_id = ?", [
    arkAssetId,
    units,
    assetId,
  ]);
  return arkAssetId;
}

describe("POST /assets", () => {
  it("names an asset that has no units yet, and shows it to everybody", async () => {
    const assetId = newName();
    const limits = { carrier_units: 5, min_lift_units: 10, max_lift_units: 20, min_land_units: 1, max_land_units: 9 };
    const answer = await post({ asset_id: assetId, ...GOLD, ...limits, metadata: { issuer: "us" } });
    expect(answer).toMatchObject({
      status: 201,
      body: {
        asset: {
          asset_id: assetId,
          ...GOLD,
          ...limits,
          asset_type: "normal",
          backing: "ark",
          status: "registered",
          is_active: true,
          asset_metadata: { issuer: "us" },
        },
      },
    });
    expect(answer.headers.get("location")).toBe(`/assets/${assetId}`);
    expect((await api.call("GET", `/assets/${assetId}`)).body).toMatchObject({
      ...limits,
      total_circulating: 0,
      total_reserved: 0,
      available_supply: GOLD.total_supply,
      metadata: { issuer: "us" },
    });
    const { assets } = (await api.call("GET", "/assets?limit=1")).body as { assets: unknown[] };
    expect(assets).toMatchObject([{ asset_id: assetId, is_active: true, status: "registered" }]);
  });

  it("takes the largest JSON integer as the cap of an asset that states none", async () => {
    const assetId = newName();
    const answer = await post({ asset_id: assetId, name: "Open", ticker: "OPN" });
    expect(answer.body).toMatchObject({ asset: { total_supply: Number.MAX_SAFE_INTEGER, decimal_places: 8 } });
  });

  it.each(["gBTC", "BTC"])("refuses %s, which is sats", async (assetId) => {
    expect(await post({ asset_id: assetId, ...GOLD })).toMatchObject({ status: 409, body: { code: "asset_exists" } });
  });

  it("refuses a name that is taken", async () => {
    const assetId = await registered();
    expect(await post({ asset_id: assetId, ...GOLD })).toMatchObject({ status: 409, body: { code: "asset_exists" } });
  });

  it("refuses a Taproot Asset that backs another asset already", async () => {
    const taproot = { taproot_asset_id: randomBytes(32).toString("hex") };
    await registered({ ...TAPROOT, ...taproot });
    const answer = await post({ asset_id: newName(), ...TAPROOT, ...taproot });
    expect(answer).toMatchObject({ status: 409, body: { code: "conflict", details: { field: "taproot_asset_id" } } });
  });

  it("gives the same answer to the same key, and makes one asset", async () => {
    const body = { asset_id: newName(), ...GOLD };
    const headers = { "idempotency-key": body.asset_id };
    const first = await post(body, { admin: true, headers });
    const again = await post(body, { admin: true, headers });
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(again.body).toEqual(first.body);
  });

  it("leaves an audit row, as a change does", async () => {
    const assetId = await registered();
    await patch(assetId, { name: "Renamed" });
    const { entries } = (await api.call("GET", "/admin/audit?limit=2", { admin: true })).body as {
      entries: { action: string; target: string; outcome: string }[];
    };
    expect(entries).toMatchObject([
      { action: "PATCH /assets/:asset_id", target: `/assets/${assetId}`, outcome: "200" },
      { action: "POST /assets", target: "/assets", outcome: "201" },
    ]);
  });

  it.each([
    [{ asset_id: "no spaces" }, 400],
    [{ asset_id: "x".repeat(65) }, 400],
    [{ name: "" }, 400],
    [{ ticker: "x".repeat(21) }, 400],
    [{ ticker: "€" }, 400],
    [{ decimal_places: 19 }, 400],
    [{ asset_type: "coin" }, 400],
    [{ total_supply: 2 ** 53 }, 422],
    [{ total_supply: -1 }, 422],
    [{ carrier_units: 0 }, 422],
    [{ min_lift_units: 3, max_lift_units: 2 }, 400],
    [{ min_land_units: 3, max_land_units: 2 }, 400],
    [{ max_land_units: 1_000_001 }, 400],
    [{ backing: "gold" }, 400],
    [{ backing: "taproot" }, 400],
    [{ backing: "taproot", taproot_asset_id: "ab" }, 400],
    [{ backing: "taproot", taproot_asset_id: "ab".repeat(32), taproot_group_key: `02${"ab".repeat(32)}` }, 400],
    [{ backing: "taproot", taproot_group_key: `02${"ab".repeat(32)}`, carrier_units: 3 }, 400],
    [{ taproot_asset_id: "ab".repeat(32) }, 400],
    [{ metadata: "text" }, 400],
  ])("refuses %j with %i", async (fault, status) => {
    const assetId = newName();
    expect((await post({ asset_id: assetId, ...GOLD, ...fault })).status).toBe(status);
    expect((await api.call("GET", `/assets/${assetId}`)).status).toBe(404);
  });
});

describe("a twin that is registered", () => {
  let asking: TestApi;
  let isAway = false;
  let hangs = false;
  const known = { assetId: randomBytes(32).toString("hex"), type: "normal", groupKey: undefined };
  const tapd = {
    listAssets: () =>
      hangs
        ? new Promise(() => undefined)
        : isAway
          ? Promise.reject(new AppError("daemon_unavailable", { details: { service: "tapd" } }))
          : Promise.resolve([known]),
    getInfo: () => (isAway || hangs ? tapd.listAssets() : Promise.resolve({ syncedToChain: true })),
    getAssetBalances: () => Promise.resolve([{ assetId: known.assetId, balanceUnits: 40n, channelUnits: 10n }]),
  } as unknown as TaprootAssets;

  beforeAll(async () => {
    asking = await startTestApi({ SOLVER_AUTH: "nip98" }, { tapd });
  });
  afterAll(() => asking.close());

  const register = (taprootAssetId: string) =>
    asking.call("POST", "/assets", {
      admin: true,
      body: { asset_id: newName(), ...TAPROOT, taproot_asset_id: taprootAssetId },
    });

  it("is minted as far as tapd's units go, which a tapd that is away leaves to the job", async () => {
    const registered = await register(known.assetId);
    const { asset_id: assetId } = registered.body["asset"] as { asset_id: string };
    const mint = (amount: number, reserve = 0) =>
      asking.call("POST", `/assets/${assetId}/mint`, {
        admin: true,
        body: { user_pubkey: freshKey().pubkey, amount, reserve_amount: reserve },
      });
    for (const answer of [await mint(51), await mint(50, 1)]) {
      expect(answer).toMatchObject({
        status: 422,
        body: { code: "reserve_insufficient", details: { asset_id: assetId } },
      });
    }
    expect((await mint(50)).status).toBe(202);
    isAway = true;
    expect((await mint(51)).status).toBe(202);
    isAway = false;
    hangs = true;
    expect((await mint(51)).status).toBe(202);
    hangs = false;
    await asking.database.write("UPDATE assets SET taproot_asset_id = NULL WHERE asset_id = ?", [assetId]);
  });

  it("must be one that tapd knows, as far as tapd can be asked", async () => {
    const unknown = randomBytes(32).toString("hex");
    expect(await register(unknown)).toMatchObject({
      status: 400,
      body: { code: "invalid_request", errors: [{ path: "taproot_asset_id" }] },
    });
    expect((await register(known.assetId)).status).toBe(201);
    isAway = true;
    expect((await register(unknown)).status).toBe(201);
    hangs = true;
    expect((await register(randomBytes(32).toString("hex"))).status).toBe(201);
    hangs = false;
  });
});

describe("PATCH /assets/{asset_id}", () => {
  it("changes what is given and keeps the rest", async () => {
    const assetId = await registered({ ...GOLD, min_lift_units: 5, metadata: { a: 1 } });
    const answer = await patch(assetId, { name: "Finer gold", max_lift_units: 50 });
    expect(answer).toMatchObject({
      status: 200,
      body: { asset: { name: "Finer gold", min_lift_units: 5, max_lift_units: 50, asset_metadata: { a: 1 } } },
    });
  });

  it("refuses limits that contradict those that are stored", async () => {
    const assetId = await registered({ ...GOLD, min_lift_units: 50 });
    const answer = await patch(assetId, { max_lift_units: 49 });
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ path: "min_lift_units" }] } });
  });

  it.each([{ total_supply: 5 }, { backing: "taproot" }, { ticker: "X" }, { status: "frozen" }])(
    "refuses to change %j",
    async (body) => {
      expect((await patch(await registered(), body)).status).toBe(400);
    },
  );

  it.each([
    ["frozen", "active", "active"],
    ["active", "inactive", "inactive"],
    ["active", "active", "active"],
    ["inactive", "inactive", "inactive"],
  ])("takes a %s asset's status %s", async (from, status, to) => {
    const assetId = await registered();
    await setStatus(assetId, from);
    expect((await patch(assetId, { status })).body).toMatchObject({ asset: { status: to } });
  });

  it.each([
    ["registered", "active"],
    ["registered", "inactive"],
    ["issuing", "active"],
    ["frozen", "inactive"],
    ["inactive", "active"],
  ])("refuses a %s asset the status %s", async (from, status) => {
    const assetId = await registered();
    await setStatus(assetId, from);
    expect(await patch(assetId, { status })).toMatchObject({
      status: 409,
      body: { code: "wrong_state", details: { status: from } },
    });
  });

  it("leaves sats alone", async () => {
    expect((await patch("BTC", { status: "inactive" })).body).toMatchObject({ code: "wrong_state" });
    expect((await patch("gBTC", { carrier_units: 5 })).body).toMatchObject({ code: "invalid_request" });
  });

  it("does not know what is not registered", async () => {
    expect((await patch(newName(), { name: "X" })).status).toBe(404);
  });
});

describe("POST /assets/{asset_id}/mint", () => {
  const user = freshKey();
  const mint = (assetId: string, body: object = {}, options: object = { admin: true }) =>
    api.call("POST", `/assets/${assetId}/mint`, {
      body: { user_pubkey: user.pubkey, amount: 100, ...body },
      ...options,
    });

  it("becomes a job, one however often it is sent, and tells the new balance once that is done", async () => {
    const assetId = await registered();
    const headers = { "idempotency-key": assetId };
    const answer = await mint(assetId, { reserve_amount: 5 }, { admin: true, headers });
    const result = {
      asset_id: assetId,
      user_pubkey: `${user.pubkey.slice(0, 8)}...`,
      amount_minted: 100,
      reserve_amount: 5,
    };
    expect(answer).toMatchObject({
      status: 202,
      body: { job_id: expect.any(String) as string, result: { ...result, new_balance: null, status: "queued" } },
    });
    const jobId = answer.body["job_id"] as string;
    expect(answer.headers.get("location")).toBe(`/jobs/${jobId}`);
    expect((await api.call("GET", `/jobs/${jobId}`, { admin: true })).body).toMatchObject({
      job_type: "asset_mint",
      queue: "inventory",
      status: "pending",
    });
    const txid = randomBytes(32).toString("hex");
    await api.database.write("UPDATE job_logs SET status = 'completed', result_data = ? WHERE job_id = ?", [
      JSON.stringify({ new_balance: 100, txid, vtxo_id: `${txid}:0`, amount_minted: 100 }),
      jobId,
    ]);
    const again = await mint(
      assetId,
      { reserve_amount: 5 },
      { admin: true, headers: { ...headers, prefer: "wait=1" } },
    );
    expect(again).toMatchObject({
      status: 200,
      body: { job_id: jobId, result: { ...result, new_balance: 100, status: "completed", txid } },
    });
    expect(again.headers.get("idempotent-replayed")).toBe("true");
  });

  it.each([
    [{ amount: 0 }, 422, "invalid_amount"],
    [{ amount: "5" }, 422, "invalid_amount"],
    [{ reserve_amount: -1 }, 422, "invalid_amount"],
    [{ user_pubkey: "ab" }, 400, "invalid_request"],
    [{ amount: 1_000_001 }, 422, "supply_exceeded"],
    [{ amount: 1_000_000, reserve_amount: 1 }, 422, "supply_exceeded"],
  ])("refuses %j with %i %s", async (body, status, code) => {
    expect(await mint(await registered(), body)).toMatchObject({ status, body: { code } });
  });

  it("says how much is left at most", async () => {
    const answer = await mint(await registered(), { amount: 1_000_001 });
    expect(answer.body).toMatchObject({ details: { maximum: 1_000_000 } });
  });

  it.each(["gBTC", "BTC"])("never mints %s", async (assetId) => {
    expect(await mint(assetId)).toMatchObject({ status: 422, body: { code: "asset_not_mintable" } });
  });

  it.each(["frozen", "inactive"])("mints nothing of a %s asset", async (status) => {
    const assetId = await registered();
    await setStatus(assetId, status);
    expect(await mint(assetId)).toMatchObject({ status: 422, body: { code: "asset_inactive" } });
  });

  it("does not know what is not registered", async () => {
    expect((await mint(newName())).status).toBe(404);
  });
});

describe.each([
  ["POST", () => "/assets", () => ({ asset_id: newName(), ...GOLD })],
  ["PATCH", () => "/assets/gBTC", () => ({ name: "Sats" })],
  ["POST", () => "/assets/gBTC/mint", () => ({ user_pubkey: freshKey().pubkey, amount: 1 })],
])("%s of the registry", (method, path, body) => {
  it("is the operator's alone", async () => {
    const send = (options: object) => api.call(method, path(), { body: body(), ...options });
    expect(await send({})).toMatchObject({ status: 401, body: { code: "admin_key_required" } });
    expect((await send({ as: freshKey() })).status).toBe(401);
    expect(await send({ headers: { "x-admin-key": `${ADMIN_KEY}x` } })).toMatchObject({
      status: 401,
      body: { code: "admin_key_invalid" },
    });
  });
});

it("lists inactive assets only when asked to", async () => {
  const assetId = await registered();
  await setStatus(assetId, "inactive");
  const names = async (query: string) =>
    ((await api.call("GET", `/assets${query}`)).body["assets"] as { asset_id: string }[]).map((each) => each.asset_id);
  expect(await names("")).not.toContain(assetId);
  expect(await names("?active_only=false")).toContain(assetId);
});

describe("units", () => {
  it("are counted as they lie on VTXOs, those of scripts that nobody knows included", async () => {
    const assetId = await registered();
    const arkAssetId = await issue(assetId, 1_000n);
    const [owner, treasury] = [freshKey(), freshKey()];
    await giveVtxos(api, owner, "user", 1_000n);
    await giveVtxos(api, treasury, "treasury", 1_000n);
    const carry = (pubkey: string, units: bigint) =>
      api.database.write(
        "INSERT INTO vtxo_assets (vtxo_id, asset_id, amount) SELECT vtxo_id, ?, ? FROM vtxos WHERE owner_pubkey = ?",
        [arkAssetId, units, pubkey],
      );
    await carry(owner.pubkey, 30n);
    await carry(treasury.pubkey, 950n);
    expect((await api.call("GET", `/assets/${assetId}`)).body).toMatchObject({
      total_circulating: 50,
      available_supply: 999_950,
    });
  });

  it("of sats are their own reserve", async () => {
    await giveVtxos(api, freshKey(), "user", 5_000n);
    const { body } = await api.call("GET", "/assets/BTC/reserve");
    const reserve = body["reserve_requirements"] as Record<string, number>;
    expect(reserve).toMatchObject({ asset_id: "gBTC", reserve_ratio: 1, reserve_deficit: 0, reserve_health: "good" });
    expect(reserve["current_reserve"]).toBe(reserve["total_circulation"]);
    expect(reserve["total_circulation"]).toBeGreaterThanOrEqual(5_000);
  });

  it("of a twin are short when tapd had fewer at the last look", async () => {
    const assetId = await registered({ ...TAPROOT, taproot_asset_id: randomBytes(32).toString("hex") });
    await issue(assetId, 100n);
    const supplies = new DrizzleAssetSupplyStore(api.database);
    const readAt = new Date("2026-11-25T10:00:00.000Z");
    await api.deps.transactions.run((tx) =>
      supplies.record(tx, assetId, { arkdUnits: 100n, tapd: { units: 60n, mark: "" } }, readAt),
    );
    expect((await api.call("GET", `/assets/${assetId}/reserve`)).body).toMatchObject({
      reserve_requirements: {
        total_circulation: 100,
        required_reserve: 100,
        current_reserve: 60,
        reserve_deficit: 40,
        reserve_health: "deficient",
        backing: "taproot",
        as_of: readAt.toISOString(),
      },
    });
    await api.deps.transactions.run((tx) => supplies.record(tx, assetId, { tapd: { units: 100n, mark: "" } }, readAt));
    expect((await api.call("GET", `/assets/${assetId}/reserve`)).body).toMatchObject({
      reserve_requirements: { reserve_health: "good", reserve_deficit: 0 },
    });
    expect(await supplies.find(assetId)).toMatchObject({ arkd: { units: 100n } });
  });

  it("that nobody has registered have no reserve", async () => {
    expect((await api.call("GET", `/assets/${newName()}/reserve`)).status).toBe(404);
  });
});

it("sums what users own per asset, and may be kept for a moment", async () => {
  const stats = await api.call("GET", "/assets/stats");
  expect(stats.headers.get("cache-control")).toBe("public, max-age=5");
  const {
    balances,
    vtxos,
    top_assets: top,
  } = stats.body["stats"] as {
    balances: { by_asset: { asset_id: string; total_balance_sum: number }[]; total_balance_sum: number };
    vtxos: Record<string, number>;
    top_assets: { asset_id: string; holders: number }[];
  };
  const gbtc = balances.by_asset.find((each) => each.asset_id === "gBTC");
  expect(gbtc?.total_balance_sum).toBe(balances.total_balance_sum);
  expect(balances.total_balance_sum).toBeGreaterThanOrEqual(6_000);
  expect(vtxos["assigned"]).toBeGreaterThanOrEqual(2);
  expect(top[0]?.asset_id).toBe("gBTC");
  const headers = { "if-none-match": String(stats.headers.get("etag")) };
  expect((await api.call("GET", "/assets/stats", { headers })).status).toBe(304);
});
