import { Counter, Gauge, type Registry } from "prom-client";

/** What all exporters read from the database. Counts are since installation. */
export interface SharedMetrics {
  readonly activeSessions: readonly { readonly sessionType: string; readonly count: number }[];
  readonly queues: readonly { readonly queue: string; readonly queued: number; readonly oldestSeconds: number }[];
  readonly jobsProcessed: readonly { readonly jobType: string; readonly status: string; readonly count: number }[];
  readonly inventory: readonly { readonly assetId: string; readonly kind: string; readonly count: number }[];
  readonly ceremoniesAcceptedWaiting: number;
  /** Lifts and lands whose outcome at lnd is not known. */
  readonly unknownPayments: { readonly lift: number; readonly land: number };
  /** Of issued assets at the last look: units that arkd has above what was issued, and that tapd is short of behind a twin. */
  readonly assetSupplies: readonly {
    readonly assetId: string;
    readonly extraUnits: number;
    readonly deficitUnits: number;
  }[];
  /** Absolute drift of each source by asset, as posted: gBTC in msat, other assets in units. */
  readonly ledgerDrift: readonly { readonly source: string; readonly assetId: string; readonly units: number }[];
}

/**
 * Registers the metrics that come from the database and show the same value on every exporter, so that dashboards use
 * `max by`. `read` is asked at most every `cacheMs`, by scrapes only. A read that fails leaves these metrics out of the scrape
 * instead of failing it: the process's own numbers matter most then.
 */
export function registerSharedMetrics(registry: Registry, read: () => Promise<SharedMetrics>, cacheMs = 5_000): void {
  const load = cached(read, cacheMs);
  registerGauges(registry, load);
  registerCounters(registry, load);
}

type Load = () => Promise<SharedMetrics | undefined>;

type RegisterGauge = (
  name: string,
  help: string,
  labelNames: readonly string[],
  fill: (metric: Gauge, shared: SharedMetrics) => void,
) => Gauge;

function registerGauges(registry: Registry, load: Load): void {
  const gauge: RegisterGauge = (name, help, labelNames, fill) =>
    new Gauge({ name, help, labelNames, registers: [registry], collect: refresh(load, fill) });
  gauge("arkrelay_active_sessions_total", "Sessions that are not terminal", ["session_type"], (metric, shared) => {
    metric.set({ session_type: "all" }, 0);
    for (const { sessionType, count } of shared.activeSessions) {
      metric.set({ session_type: sessionType }, count);
      metric.inc({ session_type: "all" }, count);
    }
  });
  gauge("arkrelay_queued_jobs_total", "Jobs waiting to run", ["queue"], (metric, shared) => {
    for (const { queue, queued } of shared.queues) metric.set({ queue }, queued);
  });
  gauge("arkrelay_queue_oldest_seconds", "Age of the oldest due job", ["queue"], (metric, shared) => {
    for (const { queue, oldestSeconds } of shared.queues) metric.set({ queue }, oldestSeconds);
  });
  gauge("arkrelay_inventory_vtxos", "Free gateway VTXOs", ["asset_id", "kind"], (metric, shared) => {
    for (const { assetId, kind, count } of shared.inventory) metric.set({ asset_id: assetId, kind }, count);
  });
  gauge("arkrelay_ceremonies_accepted_waiting", "Ceremonies accepted by arkd and not final", [], (metric, shared) =>
    metric.set(shared.ceremoniesAcceptedWaiting),
  );
  gauge("arkrelay_unknown_payments", "Lifts and lands without a known outcome", ["direction"], (metric, shared) => {
    for (const direction of ["lift", "land"] as const) metric.set({ direction }, shared.unknownPayments[direction]);
  });
  gauge(
    "arkrelay_ledger_drift_units",
    "Unexplained difference between the ledger and a daemon",
    ["source", "asset_id"],
    (metric, shared) => {
      for (const { source, assetId, units } of shared.ledgerDrift) metric.set({ source, asset_id: assetId }, units);
    },
  );
  registerSupplyGauges(gauge);
}

function registerSupplyGauges(gauge: RegisterGauge): void {
  gauge(
    "arkrelay_asset_supply_excess_units",
    "Units at arkd above what was issued; anything but 0 has frozen the asset",
    ["asset_id"],
    (metric, shared) => {
      for (const { assetId, extraUnits } of shared.assetSupplies) metric.set({ asset_id: assetId }, extraUnits);
    },
  );
  gauge(
    "arkrelay_asset_reserve_deficit_units",
    "Units in circulation that no unit of tapd stands behind",
    ["asset_id"],
    (metric, shared) => {
      for (const { assetId, deficitUnits } of shared.assetSupplies) metric.set({ asset_id: assetId }, deficitUnits);
    },
  );
}

function registerCounters(registry: Registry, load: Load): void {
  const counter = (
    name: string,
    help: string,
    labelNames: readonly string[],
    fill: (metric: Counter, shared: SharedMetrics) => void,
  ) => new Counter({ name, help, labelNames, registers: [registry], collect: refresh(load, fill) });
  counter(
    "arkrelay_jobs_processed_total",
    "Finished jobs since installation",
    ["job_type", "status"],
    (metric, shared) => {
      for (const { jobType, status, count } of shared.jobsProcessed) metric.inc({ job_type: jobType, status }, count);
    },
  );
  counter("arkrelay_failed_jobs_total", "Failed jobs since installation", ["job_type"], (metric, shared) => {
    for (const { jobType, status, count } of shared.jobsProcessed)
      if (status === "failed") metric.inc({ job_type: jobType }, count);
  });
}

/** Each metric waits for the one shared read and is filled anew; labels that are gone disappear. */
function refresh<Metric extends { reset(): void }>(load: Load, fill: (metric: Metric, shared: SharedMetrics) => void) {
  return async function collect(this: Metric): Promise<void> {
    const shared = await load();
    this.reset();
    if (shared !== undefined) fill(this, shared);
  };
}

/** One read at a time, its result kept for `cacheMs`; undefined when it failed. */
function cached<T>(read: () => Promise<T>, cacheMs: number): () => Promise<T | undefined> {
  let current: Promise<T | undefined> | undefined;
  let readAt = -Infinity;
  return () => {
    if (current === undefined || performance.now() - readAt >= cacheMs) {
      readAt = performance.now();
      current = read().catch(() => undefined);
    }
    return current;
  };
}
