import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { FakeArkd } from "@arkrelay/daemons/testing/fake-arkd";
import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";

import { FakeLnd } from "../../testing/fake-lnd";
import { knowArkd, startTestApi, type TestApi } from "../../testing/test-api";

const folder = mkdtempSync(path.join(tmpdir(), "arkrelay-api-grpc-"));
const lnd = new FakeLnd();
let arkd: FakeArkd;
let api: TestApi;

beforeAll(async () => {
  arkd = await FakeArkd.start(folder);
  const env = { ARKD_HOST: "localhost", ARKD_PORT: String(arkd.config.port), ARKD_TLS_CERT: arkd.certFile };
  api = await startTestApi(env, { lnd: lnd.node });
});

afterAll(async () => {
  await api.close();
  arkd.stop();
  rmSync(folder, { recursive: true });
});

const get = (route: string) => api.call("GET", route, { admin: true });

describe("what the daemons say", () => {
  it.each(["/grpc/arkd/info", "/grpc/tapd/balances", "/grpc/lnd/balances"])(
    "GET %s is the operator's",
    async (route) => {
      expect((await api.call("GET", route)).status).toBe(401);
    },
  );

  it("shows arkd's parameters as arkd gives them, with the chain as lnd sees it", async () => {
    expect((await get("/grpc/arkd/info")).body).toMatchObject({
      service: "arkd",
      connected: true,
      network_info: {
        network: "regtest",
        version: "0.9.9",
        dust: 330,
        digest: "digest 1",
        block_height: 812_345,
        synced: true,
      },
    });
  });

  it("shows the parameters that were seen last while arkd is away, and nothing when there are none", async () => {
    arkd.stop();
    try {
      expect(await get("/grpc/arkd/info")).toMatchObject({ status: 503, body: { code: "daemon_unavailable" } });
      await knowArkd(api);
      const { body } = await get("/grpc/arkd/info");
      expect(body).toMatchObject({ connected: false, stale: true, network_info: { digest: "test" } });
      expect(body["as_of"]).toMatch(/Z$/);
    } finally {
      await arkd.listen();
    }
  });

  it("shows lnd's balances in whole sats, and the last ones known while lnd is away", async () => {
    const { body } = await get("/grpc/lnd/balances");
    expect(body).toMatchObject({ service: "lnd", connected: true });
    lnd.isAway = true;
    expect((await get("/grpc/lnd/balances")).body).toMatchObject({
      connected: false,
      stale: true,
      balances: body["balances"],
    });
    lnd.isAway = false;
  });

  it("says that a daemon is not configured", async () => {
    expect(await get("/grpc/tapd/balances")).toMatchObject({ status: 503, body: { code: "feature_disabled" } });
    const services = ((await get("/health/comprehensive")).body["checks"] as Record<string, Record<string, unknown>>)[
      "grpc_services"
    ];
    expect(services).toMatchObject({ services: { tapd: { healthy: false, last_error_code: "not_configured" } } });
  });
});

describe("/grpc/reconnect/{service}", () => {
  const restarts = () => new DrizzleServiceStateStore(api.database).listRestarts(["arkd", "lnd", "tapd"]);

  it.each(["POST", "GET"])("by %s asks every process and answers with the job that waits for them", async (method) => {
    const before = (await restarts()).get("lnd") ?? 0;
    const answer = await api.call(method, "/grpc/reconnect/lnd", { admin: true });
    expect(answer).toMatchObject({ status: 202, body: { service: "lnd" } });
    const restartId = (await restarts()).get("lnd") ?? 0;
    expect(restartId).toBeGreaterThan(before);
    const jobId = answer.body["job_id"] as string;
    expect(answer.headers.get("location")).toBe(`/jobs/${jobId}`);
    expect((await get(`/jobs/${jobId}`)).body).toMatchObject({ job_type: "grpc_reconnect", queue: "ops" });
    const [row] = await api.database.select("SELECT payload FROM job_logs WHERE job_id = ?", [jobId]);
    expect(JSON.stringify(row)).toContain(`${restartId}`);
  });

  it("asks once for a call that is repeated with its key", async () => {
    const repeat = () =>
      api.call("POST", "/grpc/reconnect/arkd", { admin: true, headers: { "idempotency-key": "again" } });
    const [first, second] = [await repeat(), await repeat()];
    expect(second.body["job_id"]).toBe(first.body["job_id"]);
    expect((await restarts()).get("arkd")).toBe(Math.max(...(await restarts()).values()));
  });

  it("refuses strangers, other names and a daemon that is not configured", async () => {
    expect((await api.call("POST", "/grpc/reconnect/lnd")).status).toBe(401);
    expect(await api.call("POST", "/grpc/reconnect/bitcoind", { admin: true })).toMatchObject({
      status: 400,
      body: { code: "invalid_request" },
    });
    expect(await api.call("POST", "/grpc/reconnect/tapd", { admin: true })).toMatchObject({
      status: 503,
      body: { code: "feature_disabled" },
    });
  });
});
