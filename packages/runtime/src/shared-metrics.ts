import { Counter, Gauge, type Registry } from "prom-client";

/** How many wait, and how long the first of them has. */
export interface Waiting {
  readonly count: number;
  readonly oldestSeconds: number;
}

/** What waits for an end that may not come by itself. */
export interface TroubleMetrics {
  readonly ceremoniesAccepted: Waiting;
  readonly payoutsAccepted: readonly (Waiting & { readonly kind: string })[];
  /** Lifts and lands whose outcome at lnd is not known. */
  readonly unknownPayments: { readonly lift: Waiting; readonly land: Waiting };
  /** Since installation. */
  readonly liftsLost: number;
  /** Transactions that arkd accepted and refuses to finalise for good. */
  readonly poisoned: { readonly session: number; readonly payout: number };
}

/** What all exporters read from the database. Counts are since installation. */
export interface SharedMetrics {
  readonly activeSessions: readonly { readonly sessionType: string; readonly count: number }[];
  readonly queues: readonly { readonly queue: string; readonly queued: number; readonly oldestSeconds: number }[];
  readonly jobsProcessed: readonly { readonly jobType: string; readonly status: string; readonly count: number }[];
  readonly inventory: readonly { readonly assetId: string; readonly kind: string; readonly count: number }[];
  /** Of issued assets at the last look: units that arkd has above what was issued, and that tapd is short of behind a twin. */
  readonly assetSupplies: readonly {
    readonly assetId: string;
    readonly extraUnits: number;
    readonly deficitUnits: number;
  }[];
  readonly trouble: TroubleMetrics;
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
  registerTrouble(registry, load);
  registerCounters(registry, load);
}

type Load = () => Promise<SharedMetrics | undefined>;

function registerGauges(registry: Registry, load: Load): void {
  const gauge = gaugesOf(registry, load);
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

function registerSupplyGauges(gauge: ReturnType<typeof gaugesOf>): void {
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

function registerTrouble(registry: Registry, load: Load): void {
  const gauge = gaugesOf(registry, load);
  gauge(
    "arkrelay_ceremonies_accepted_waiting",
    "Ceremonies accepted by arkd and not final",
    [],
    (metric, { trouble }) => metric.set(trouble.ceremoniesAccepted.count),
  );
  gauge(
    "arkrelay_ceremonies_accepted_oldest_seconds",
    "How long ago arkd accepted the oldest of them",
    [],
    (metric, { trouble }) => metric.set(trouble.ceremoniesAccepted.oldestSeconds),
  );
  gauge(
    "arkrelay_payouts_accepted_waiting",
    "Payouts of the gateway accepted by arkd and not final",
    ["kind"],
    (metric, { trouble }) => trouble.payoutsAccepted.forEach(({ kind, count }) => metric.set({ kind }, count)),
  );
  gauge(
    "arkrelay_payouts_accepted_oldest_seconds",
    "How long ago arkd accepted the oldest of them",
    ["kind"],
    (metric, { trouble }) =>
      trouble.payoutsAccepted.forEach(({ kind, oldestSeconds }) => metric.set({ kind }, oldestSeconds)),
  );
  gauge("arkrelay_unknown_payments", "Lifts and lands without a known outcome", ["direction"], (metric, { trouble }) =>
    DIRECTIONS.forEach((direction) => metric.set({ direction }, trouble.unknownPayments[direction].count)),
  );
  gauge(
    "arkrelay_unknown_payment_oldest_seconds",
    "How long the oldest of them has had no known outcome",
    ["direction"],
    (metric, { trouble }) =>
      DIRECTIONS.forEach((direction) => metric.set({ direction }, trouble.unknownPayments[direction].oldestSeconds)),
  );
  gauge(
    "arkrelay_lifts_lost",
    "Lifts that were delivered and never paid, since installation",
    [],
    (metric, { trouble }) => metric.set(trouble.liftsLost),
  );
  gauge(
    "arkrelay_finalize_poisoned",
    "Transactions that arkd accepted and refuses to finalise for good",
    ["owner"],
    (metric, { trouble }) => OWNERS.forEach((owner) => metric.set({ owner }, trouble.poisoned[owner])),
  );
}

const DIRECTIONS = ["lift", "land"] as const;
const OWNERS = ["session", "payout"] as const;

function gaugesOf(registry: Registry, load: Load) {
  return (
    name: string,
    help: string,
    labelNames: readonly string[],
    fill: (metric: Gauge, shared: SharedMetrics) => void,
  ) => new Gauge({ name, help, labelNames, registers: [registry], collect: refresh(load, fill) });
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
