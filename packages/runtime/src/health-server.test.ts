import { startHealthServer, type HealthServer } from "./health-server";
import { createMetrics } from "./metrics";
import { registerSharedMetrics, type SharedMetrics } from "./shared-metrics";

const shared: SharedMetrics = {
  activeSessions: [{ sessionType: "p2p_transfer", count: 2 }],
  queues: [{ queue: "default", queued: 3, oldestSeconds: 1.5 }],
  jobsProcessed: [
    { jobType: "sample_task", status: "completed", count: 5 },
    { jobType: "sample_task", status: "failed", count: 1 },
  ],
  inventory: [{ assetId: "gBTC", kind: "fee", count: 20 }],
  assetSupplies: [{ assetId: "gUSD", extraUnits: 3, deficitUnits: 7 }],
  trouble: {
    ceremoniesAccepted: { count: 2, oldestSeconds: 61 },
    payoutsAccepted: [{ kind: "lift", count: 1, oldestSeconds: 900 }],
    unknownPayments: { lift: { count: 0, oldestSeconds: 0 }, land: { count: 1, oldestSeconds: 12 } },
    liftsLost: 3,
    poisoned: { session: 0, payout: 1 },
  },
  ledgerDrift: [{ source: "lnd", assetId: "gBTC", units: 1_500 }],
};

let server: HealthServer | undefined;
afterEach(() => server?.close());

async function get(path: string, method = "GET"): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${server?.port ?? 0}${path}`, { method });
  return { status: response.status, text: await response.text() };
}

describe("the probe listener", () => {
  it("answers /live whatever the outside world does, and /ready with what is missing", async () => {
    const readiness = { ready: false, checks: { mariadb: false }, draining: false };
    server = await startHealthServer({ port: 0, host: "127.0.0.1", checkReady: () => Promise.resolve(readiness) });
    expect(await get("/live")).toMatchObject({ status: 200 });
    const ready = await get("/ready");
    expect([ready.status, JSON.parse(ready.text)]).toEqual([503, readiness]);
    expect([(await get("/metrics")).status, (await get("/x")).status, (await get("/live", "POST")).status]).toEqual([
      404, 404, 405,
    ]);
  });

  it("shows the process's metrics and the shared ones, read once for a scrape", async () => {
    let reads = 0;
    const metrics = createMetrics();
    registerSharedMetrics(metrics.registry, () => Promise.resolve(shared).finally(() => reads++));
    metrics.apiErrors.inc({ endpoint: "/jobs", error_type: "not_found" });
    const checkReady = () => Promise.resolve({ ready: true, checks: {}, draining: false });
    server = await startHealthServer({ port: 0, host: "127.0.0.1", checkReady, metrics: metrics.registry });
    const first = await get("/metrics");
    const second = await get("/metrics");
    expect(reads).toBe(1);
    for (const { text } of [first, second]) {
      expect(text).toContain('api_errors_total{endpoint="/jobs",error_type="not_found"} 1');
      expect(text).toContain('arkrelay_active_sessions_total{session_type="all"} 2');
      expect(text).toContain('arkrelay_jobs_processed_total{job_type="sample_task",status="completed"} 5');
      expect(text).toContain('arkrelay_failed_jobs_total{job_type="sample_task"} 1');
      expect(text).toContain('arkrelay_inventory_vtxos{asset_id="gBTC",kind="fee"} 20');
      expect(text).toContain('arkrelay_unknown_payments{direction="land"} 1');
      expect(text).toContain('arkrelay_unknown_payment_oldest_seconds{direction="land"} 12');
      expect(text).toContain("arkrelay_ceremonies_accepted_waiting 2");
      expect(text).toContain("arkrelay_ceremonies_accepted_oldest_seconds 61");
      expect(text).toContain('arkrelay_payouts_accepted_oldest_seconds{kind="lift"} 900');
      expect(text).toContain("arkrelay_lifts_lost 3");
      expect(text).toContain('arkrelay_finalize_poisoned{owner="payout"} 1');
      expect(text).toContain('arkrelay_ledger_drift_units{source="lnd",asset_id="gBTC"} 1500');
    }
  });

  it("still shows the process's metrics when the database does not answer", async () => {
    const metrics = createMetrics();
    registerSharedMetrics(metrics.registry, () => Promise.reject(new Error("away")));
    const text = await metrics.registry.metrics();
    expect(text).toContain("process_cpu_seconds_total");
    expect(text).not.toContain("arkrelay_queued_jobs_total{");
  });

  it("says what to do when its port is taken", async () => {
    const checkReady = () => Promise.resolve({ ready: true, checks: {}, draining: false });
    server = await startHealthServer({ port: 0, host: "127.0.0.1", checkReady });
    await expect(startHealthServer({ port: server.port, host: "127.0.0.1", checkReady })).rejects.toThrow(
      "METRICS_PORT",
    );
  });
});
