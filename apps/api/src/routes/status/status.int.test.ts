import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";

import { startTestApi, type TestApi } from "../../testing/test-api";

let api: TestApi;

beforeAll(async () => {
  api = await startTestApi({ SOLVER_AUTH: "nip98" });
});

afterAll(() => api.close());

/** As the services process writes it while it leads the monitoring. */
async function reportArkd(healthy: boolean, at = new Date()): Promise<void> {
  const arkd = {
    healthy,
    breaker: healthy ? "closed" : "open",
    latencyMs: 4,
    version: "0.9.0",
    lastErrorCode: null,
    checkedAt: at.toISOString(),
  };
  const base = { at: at.toISOString(), instance: "i", running: true, restartSeen: 0, failures: 0, lastError: null };
  await new DrizzleServiceStateStore(api.database).setActual("monitoring", { ...base, detail: { daemons: { arkd } } });
}

describe("the public status routes", () => {
  it.each([
    "/",
    "/health",
    "/ready",
    "/live",
    "/health/comprehensive",
    "/queue-status",
    "/metrics/system",
    "/heartbeats",
    "/stats",
  ])("GET %s answers by its schema", async (path) => {
    const answer = await api.call("GET", path);
    expect(answer.status).toBe(200);
    expect(answer.body["timestamp"]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it("is degraded without arkd and healthy with it", async () => {
    await reportArkd(false);
    expect((await api.call("GET", "/health")).body).toMatchObject({
      status: "degraded",
      grpc_services: { arkd: false },
    });
    await reportArkd(true);
    expect((await api.call("GET", "/health")).body).toMatchObject({ status: "healthy", grpc_services: { arkd: true } });
  });

  it("shows the process that answers to the operator, and nothing once monitoring is switched off", async () => {
    const states = new DrizzleServiceStateStore(api.database);
    const { body } = await api.call("GET", "/monitoring/stats", { admin: true });
    const stats = body["monitoring_stats"] as Record<string, Record<string, number>>;
    expect(stats["db_pool_status"]?.["total_connections"]).toBeGreaterThan(0);
    expect(stats["memory_info"]?.["rss_mb"]).toBeGreaterThan(10);
    expect((await api.call("GET", "/monitoring/cache/stats", { admin: true })).status).toBe(200);
    expect((await api.call("GET", "/monitoring/stats")).status).toBe(401);
    await states.setDesired("monitoring", "stopped");
    for (const path of ["/monitoring/stats", "/monitoring/cache/stats", "/health/comprehensive"]) {
      expect(await api.call("GET", path, { admin: true })).toMatchObject({ body: { code: "service_stopped" } });
    }
    await states.setDesired("monitoring", "running");
  });

  it("believes no report that its service stopped renewing", async () => {
    await reportArkd(true, new Date(Date.now() - 600_000));
    expect((await api.call("GET", "/health")).body).toMatchObject({ grpc_services: { arkd: false } });
  });

  it("shows details with the admin key only", async () => {
    const trimmed = await api.call("GET", "/health/comprehensive");
    expect(trimmed.body["checks"]).toMatchObject({ database: { healthy: true } });
    expect(trimmed.text).not.toContain("query_time_ms");
    const full = await api.call("GET", "/health/comprehensive", { admin: true });
    expect(full.text).toContain("query_time_ms");
  });

  it("names the live services", async () => {
    await api.database.write(
      "INSERT INTO heartbeats (service_name, instance, is_alive, message, timestamp) VALUES ('worker', 'w1', 1, 'ok', NOW(3)), ('old', 'o1', 1, 'ok', NOW(3) - INTERVAL 1 HOUR)",
    );
    const services = (await api.call("GET", "/")).body["services"];
    expect(services).toContain("worker");
    expect(services).not.toContain("old");
    const status = await api.call("GET", "/admin/services/status", { admin: true });
    expect(status.body["services"]).toContainEqual(expect.objectContaining({ service_name: "old", alive: false }));
  });

  it("speaks Prometheus by default and JSON when asked", async () => {
    const text = await api.call("GET", "/metrics");
    expect(text.headers.get("content-type")).toContain("text/plain");
    expect(text.text).toContain('http_requests_total{method="GET",endpoint="/health",status="200"}');
    const json = await api.call("GET", "/metrics", { headers: { accept: "application/json" } });
    expect(json.body).toMatchObject({ metrics: [] });
  });

  it("labels unknown paths as one endpoint", async () => {
    await api.call("GET", "/wp-admin/setup.php");
    const { text } = await api.call("GET", "/metrics");
    expect(text).not.toContain("wp-admin");
    expect(text).toContain('endpoint="unmatched"');
  });

  it("serves the document and a page for it from local files", async () => {
    expect((await api.call("GET", "/openapi.json")).body).toMatchObject({ openapi: "3.1.0" });
    const page = await api.call("GET", "/docs/");
    expect(page.text).toContain("swagger-ui");
    expect(page.text).not.toMatch(/(src|href)="https?:/);
    expect(page.headers.get("content-security-policy")).not.toContain("script-src 'unsafe");
  });
});

describe("GET /ready", () => {
  it("is 503 with the reason while a migration of this release is missing", async () => {
    await api.database.write("UPDATE schema_migrations SET name = CONCAT(name, '_away') ORDER BY name DESC LIMIT 1");
    try {
      const answer = await api.call("GET", "/ready");
      expect(answer).toMatchObject({ status: 503, body: { ready: false, database_connected: true } });
      expect(answer.body["error"]).toContain("migrations");
    } finally {
      await api.database.write("UPDATE schema_migrations SET name = REPLACE(name, '_away', '')");
    }
  });
});

describe("a process that stops", () => {
  it("is not ready, but still answers", async () => {
    const other = await startTestApi();
    other.drain();
    expect(await other.call("GET", "/ready")).toMatchObject({
      status: 503,
      body: { ready: false, database_connected: true },
    });
    expect((await other.call("GET", "/live")).status).toBe(200);
    await other.close();
  });
});

describe("the operator's routes", () => {
  it("shows the configuration without a secret", async () => {
    const answer = await api.call("GET", "/admin/configuration", { admin: true });
    expect(answer.body).toMatchObject({
      configuration: { app: { env: "test" }, network: { bitcoin_network: "regtest" } },
    });
    expect(answer.text).not.toMatch(/key|secret|password/i);
  });

  it("shows the fee of lands that is charged", async () => {
    const other = await startTestApi({ LAND_FEE_BPS: "25" });
    const { body } = await other.call("GET", "/admin/configuration", { admin: true });
    await other.close();
    expect(body).toMatchObject({ configuration: { fees: { land_fee_bps: 25, fee_percentage: 0.0025 } } });
  });

  it("counts what a clean-up would delete before it deletes it", async () => {
    await api.database.write(
      "INSERT INTO system_metrics (cpu_percent, memory_percent, memory_available_mb, disk_percent, disk_free_gb, timestamp) VALUES (1, 1, 1, 1, 1, NOW(3) - INTERVAL 90 DAY), (1, 1, 1, 1, 1, NOW(3))",
    );
    const clean = (body: unknown) => api.call("POST", "/admin/maintenance/cleanup", { admin: true, body });
    expect((await clean({ dry_run: true })).body).toMatchObject({ dry_run: true, cleanup_stats: { old_metrics: 1 } });
    expect((await clean({ days: 30 })).body).toMatchObject({ cleanup_stats: { old_metrics: 1 } });
    expect((await clean({ days: 30 })).body).toMatchObject({ cleanup_stats: { old_metrics: 0 } });
    expect(await clean({ days: 0 })).toMatchObject({ status: 400, body: { errors: [{ path: "days" }] } });
    expect((await api.call("GET", "/metrics/system")).body["metrics"]).toHaveLength(1);
  });

  it("asks for Nostr to start or stop only where a key is configured", async () => {
    expect(await api.call("POST", "/nostr/start", { admin: true })).toMatchObject({
      status: 503,
      body: { code: "feature_disabled" },
    });
    expect((await api.call("GET", "/nostr/status")).body).toMatchObject({ running: false });
    expect(await api.call("GET", "/nostr/relays")).toMatchObject({ status: 503, body: { code: "service_stopped" } });
  });

  it("shows what the listener reports and how its events travel, while it reports", async () => {
    const at = new Date().toISOString();
    const relay = { url: "wss://r.example", connected: true, lastSeenAt: at, lagSeconds: 0.2 };
    const detail = {
      gatewayPubkey: "ab".repeat(32),
      eventsReceived: 4,
      eventsPublished: 3,
      errors: 0,
      connections: 1,
      subscriptions: 1,
      handlers: { "31510": 4 },
      relays: [relay],
    };
    const report = { at, instance: "i", running: true, restartSeen: 0, failures: 0, lastError: null, detail };
    const states = new DrizzleServiceStateStore(api.database);
    await states.setDesired("nostr", "running");
    await states.setActual("nostr", report);
    const { body } = await api.call("GET", "/nostr/status");
    expect(body).toMatchObject({
      running: true,
      nostr_stats: { events_received: 4, relay_count: 1, connected_relays: 1, handlers: { "31510": 4 } },
      redis_stats: { messages_published: 3, queue_size: 0, errors: 0, handler_count: { "nostr-in": 0 } },
    });
    expect((await api.call("GET", "/nostr/relays")).body).toMatchObject({ total_relays: 1, connected_relays: 1 });
  });
});
