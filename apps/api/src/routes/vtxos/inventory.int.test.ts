import { randomBytes } from "node:crypto";

import { DrizzleLeaseStore } from "@arkrelay/db/stores/lease-store";
import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";

import { giveAssetStock, giveCarrier, giveVtxos } from "../../testing/give-vtxos";
import { freshKey, startTestApi, type TestApi } from "../../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({
    SOLVER_AUTH: "nip98",
    INVENTORY_CRITICAL: "2",
    INVENTORY_WARNING: "4",
    INVENTORY_TARGET: "5",
  });
});
afterAll(() => api.close());

async function anAsset(): Promise<{ readonly name: string; readonly arkAssetId: string }> {
  const name = `gold-${randomBytes(4).toString("hex")}`;
  const arkAssetId = `${randomBytes(32).toString("hex")}0000`;
  await api.database.write(
    `INSERT INTO assets (asset_id, name, ticker, asset_type, decimal_places, backing, ark_asset_id, status, created_at)
     VALUES (?, 'Gold', 'GLD', 'normal', 0, 'ark', ?, 'active', NOW(3))`,
    [name, arkAssetId],
  );
  return { name, arkAssetId };
}

describe("GET /vtxos/inventory/{asset_id}", () => {
  const read = (assetId: string, options: object = { as: freshKey() }) =>
    api.call("GET", `/vtxos/inventory/${assetId}`, options);

  it("tells what is free, what users have, and that it runs low; locked, spent and expired ones do not count", async () => {
    const { name, arkAssetId } = await anAsset();
    const stock = freshKey();
    for (let given = 0; given < 5; given++) await giveAssetStock(api, stock, { assetId: arkAssetId, amount: 10n });
    await giveCarrier(api, freshKey(), 330n, { assetId: arkAssetId, amount: 3n });
    const change = (columns: string) =>
      api.database.write(
        `UPDATE vtxos SET ${columns} WHERE owner_pubkey = ? AND status = 'available' AND locked_by IS NULL LIMIT 1`,
        [stock.pubkey],
      );
    await change("locked_by = 'payout:x'");
    await change("status = 'spent'");
    const answer = await read(name);
    expect(answer).toMatchObject({
      status: 200,
      body: {
        inventory_status: {
          asset_id: name,
          available_vtxos: 3,
          assigned_vtxos: 1,
          total_vtxos: 4,
          utilization: 0.25,
          needs_replenishment: true,
          level: "warning",
          target: 5,
        },
      },
    });
    await change("status = 'expired'");
    await change("expires_at = NOW(3)");
    expect((await read(name)).body).toMatchObject({ inventory_status: { available_vtxos: 1, level: "critical" } });
  });

  it("knows sats under both of their names", async () => {
    await giveVtxos(api, freshKey(), "stock", 50_000n);
    const [one, two] = [await read("gBTC"), await read("BTC")];
    expect(one.body).toMatchObject({ inventory_status: { asset_id: "gBTC", available_vtxos: 1 } });
    expect(two.body["inventory_status"]).toEqual(one.body["inventory_status"]);
  });

  it("is for solvers and the operator, of assets there are", async () => {
    expect(await read("nobody-knows")).toMatchObject({ status: 404, body: { code: "not_found" } });
    expect(await read("no space", {})).toMatchObject({ status: 401 });
    expect(await read("gBTC", {})).toMatchObject({ status: 401, body: { code: "auth_required" } });
    expect((await read("gBTC", { admin: true })).status).toBe(200);
  });
});

describe("GET /vtxos/stats", () => {
  it("counts by asset what became of VTXOs, for anybody", async () => {
    const { name, arkAssetId } = await anAsset();
    const [stock, user] = [freshKey(), freshKey()];
    await giveAssetStock(api, stock, { assetId: arkAssetId, amount: 10n });
    await giveCarrier(api, user, 330n, { assetId: arkAssetId, amount: 3n });
    await giveCarrier(api, user, 330n, { assetId: arkAssetId, amount: 4n });
    await api.database.write("UPDATE vtxos SET status = 'spent' WHERE owner_pubkey = ? LIMIT 1", [user.pubkey]);
    const { status, body } = await api.call("GET", "/vtxos/stats");
    expect(status).toBe(200);
    const statistics = body["vtxo_statistics"] as {
      overall: { total_vtxos: number; total_value_sats: number; average_vtxo_value: number };
      by_asset: { asset_id: string }[];
    };
    expect(statistics.by_asset.find((row) => row.asset_id === name)).toEqual({
      asset_id: name,
      ticker: "GLD",
      total_vtxos: 3,
      available_vtxos: 1,
      assigned_vtxos: 1,
      spent_vtxos: 1,
      settled_vtxos: 0,
      utilization_rate: 50,
    });
    const { total_vtxos, total_value_sats, average_vtxo_value } = statistics.overall;
    expect(average_vtxo_value).toBe(Math.floor(total_value_sats / total_vtxos));
    const [live] = await api.database.select(
      "SELECT COUNT(*) AS n FROM vtxos WHERE status IN ('available','assigned')",
    );
    expect(total_vtxos).toBe(Number(live?.["n"]));
  });
});

describe("the end of a VTXO", () => {
  const expired = async (): Promise<string> => {
    const owner = freshKey();
    await giveVtxos(api, owner, "user", 5_000n);
    await api.database.write("UPDATE vtxos SET expires_at = NOW(3) - INTERVAL 1 SECOND WHERE owner_pubkey = ?", [
      owner.pubkey,
    ]);
    return owner.pubkey;
  };

  it("is marked by either route, once", async () => {
    await api.call("POST", "/vtxos/cleanup", { admin: true });
    await expired();
    expect(await api.call("POST", "/assets/cleanup-vtxos", { admin: true })).toMatchObject({
      status: 200,
      body: { result: { cleaned_vtxos: 1, total_amount_sats: 5_000 } },
    });
    const owner = await expired();
    expect(await api.call("POST", "/vtxos/cleanup", { admin: true })).toMatchObject({
      status: 200,
      body: { cleaned_count: 1 },
    });
    expect((await api.call("POST", "/vtxos/cleanup", { admin: true })).body).toMatchObject({ cleaned_count: 0 });
    const [row] = await api.database.select("SELECT status FROM vtxos WHERE owner_pubkey = ?", [owner]);
    expect(row).toEqual({ status: "expired" });
  });

  it("is looked for by a job when an operator says that it was spent", async () => {
    const owner = freshKey();
    await giveVtxos(api, owner, "user", 5_000n);
    const [row] = await api.database.select("SELECT vtxo_id FROM vtxos WHERE owner_pubkey = ?", [owner.pubkey]);
    const body = { vtxo_id: String(row?.["vtxo_id"]), spending_txid: "ab".repeat(32) };
    const answer = await api.call("POST", "/vtxos/mark-spent", { admin: true, body });
    expect(answer).toMatchObject({ status: 202, body });
    const job = await api.call("GET", `/jobs/${String(answer.body["job_id"])}`, { admin: true });
    expect(job.body).toMatchObject({ job_type: "vtxo_sync", status: "pending" });
    const [after] = await api.database.select("SELECT status FROM vtxos WHERE owner_pubkey = ?", [owner.pubkey]);
    expect(after).toEqual({ status: "assigned" });
  });

  it.each([
    [{ vtxo_id: `${"00".repeat(32)}:7`, spending_txid: "ab".repeat(32) }, 404, "not_found"],
    [{ vtxo_id: "x", spending_txid: "ab".repeat(32) }, 400, "invalid_request"],
    [{ vtxo_id: `${"00".repeat(32)}:7`, spending_txid: "AB".repeat(32) }, 400, "invalid_request"],
  ])("is not looked for of %j", async (body, status, code) => {
    expect(await api.call("POST", "/vtxos/mark-spent", { admin: true, body })).toMatchObject({
      status,
      body: { code },
    });
  });

  it.each(["/vtxos/cleanup", "/assets/cleanup-vtxos", "/vtxos/mark-spent"])(
    "is the operator's alone: %s",
    async (path) => {
      const answer = await api.call("POST", path, { as: freshKey(), body: {} });
      expect(answer).toMatchObject({ status: 401, body: { code: "admin_key_required" } });
    },
  );
});

describe("the inventory monitor", () => {
  const status = async () => (await api.call("GET", "/vtxos/monitor/status")).body["monitoring_status"];
  const report = { at: new Date().toISOString(), instance: "i", running: true, restartSeen: 0, failures: 0 };

  it("runs as the leases in the database say, whichever process is asked", async () => {
    const stopped = { inventory_monitoring: false, settlement_service: false, overall_status: "stopped" };
    expect(await status()).toEqual(stopped);
    const leases = new DrizzleLeaseStore(api.database);
    await new DrizzleServiceStateStore(api.database).setActual("inventory", {
      ...report,
      lastError: null,
      detail: null,
    });
    expect(await status()).toEqual(stopped);
    await leases.acquire("service:inventory", "i", 60_000);
    expect(await status()).toEqual({ ...stopped, inventory_monitoring: true });
    await leases.acquire("scheduler", "s", 60_000);
    expect(await status()).toEqual({
      inventory_monitoring: true,
      settlement_service: true,
      overall_status: "running",
    });
  });

  it("is stopped and started by a wish in the database, twice without harm", async () => {
    const wish = (path: string) => api.call("POST", path, { admin: true });
    const desired = async () =>
      (
        await api.database.select(
          "SELECT service, desired_state FROM service_state WHERE service IN ('inventory','settlement') ORDER BY service",
        )
      ).map((row) => row["desired_state"]);
    for (let times = 0; times < 2; times++) {
      expect(await wish("/vtxos/monitor/stop")).toMatchObject({ status: 200, body: { desired_state: "stopped" } });
    }
    expect(await desired()).toEqual(["stopped", "stopped"]);
    expect(await status()).toMatchObject({ overall_status: "stopped" });
    expect(await wish("/vtxos/monitor/start")).toMatchObject({ status: 200, body: { desired_state: "running" } });
    expect(await desired()).toEqual(["running", "running"]);
    expect(await status()).toMatchObject({ overall_status: "running" });
  });

  it.each(["start", "stop"])("is the operator's alone to %s", async (what) => {
    const answer = await api.call("POST", `/vtxos/monitor/${what}`, { as: freshKey() });
    expect(answer).toMatchObject({ status: 401, body: { code: "admin_key_required" } });
  });
});
