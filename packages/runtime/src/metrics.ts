import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";

/** Around the promise that a write is accepted within 200 ms. */
const HTTP_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1, 2.5, 5, 10];
const QUERY_SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];
const WORK_SECONDS = [0.005, 0.02, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/**
 * Every metric of one process, each name registered once. Labels are route templates, names and codes: never a pubkey, id or txid.
 * All of these count this process and are summed; what every exporter reads from the database is in shared-metrics.ts.
 */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  return {
    registry,
    transactionsProcessed: new Counter({
      name: "arkrelay_transactions_processed_total",
      help: "Ark transactions by final status",
      labelNames: ["transaction_type", "status"],
      registers,
    }),
    webhookDeliveries: new Counter({
      name: "arkrelay_webhook_deliveries_total",
      help: "Calls to webhook endpoints by what the delivery came to: delivered, pending (tried again later), failed",
      labelNames: ["status"],
      registers,
    }),
    sessionsCreated: new Counter({
      name: "arkrelay_sessions_created_total",
      help: "Signing sessions opened",
      labelNames: ["session_type"],
      registers,
    }),
    vtxosCreated: new Counter({
      name: "arkrelay_vtxos_created_total",
      help: "VTXOs created by our transactions",
      labelNames: ["asset_id"],
      registers,
    }),
    vtxosAssigned: new Counter({
      name: "arkrelay_vtxos_assigned_total",
      help: "VTXOs that became a user's",
      labelNames: ["asset_id"],
      registers,
    }),
    requestDuration: new Histogram({
      name: "arkrelay_request_duration_seconds",
      help: "HTTP request duration",
      labelNames: ["endpoint", "method"],
      buckets: HTTP_SECONDS,
      registers,
    }),
    databaseQueryDuration: new Histogram({
      name: "arkrelay_database_query_duration_seconds",
      help: "Database statement duration",
      labelNames: ["query_type"],
      buckets: QUERY_SECONDS,
      registers,
    }),
    cpuPercent: new Gauge({ name: "arkrelay_system_cpu_percent", help: "CPU use of the machine", registers }),
    memoryPercent: new Gauge({ name: "arkrelay_system_memory_percent", help: "Memory use of the machine", registers }),
    diskPercent: new Gauge({
      name: "arkrelay_system_disk_percent",
      help: "Use of the disk that holds the working directory",
      registers,
    }),
    serviceHealth: new Gauge({
      name: "arkrelay_service_health",
      help: "1 when the service answered its last probe",
      labelNames: ["service_name"],
      registers,
    }),
    httpRequests: new Counter({
      name: "http_requests_total",
      help: "HTTP requests",
      labelNames: ["method", "endpoint", "status"],
      registers,
    }),
    httpLatency: new Histogram({
      name: "http_request_latency_seconds",
      help: "HTTP request latency",
      labelNames: ["method", "endpoint"],
      buckets: HTTP_SECONDS,
      registers,
    }),
    apiErrors: new Counter({
      name: "api_errors_total",
      help: "Error answers by code",
      labelNames: ["endpoint", "error_type"],
      registers,
    }),
    jobDuration: new Histogram({
      name: "arkrelay_job_duration_seconds",
      help: "Duration of one attempt",
      labelNames: ["job_type"],
      buckets: WORK_SECONDS,
      registers,
    }),
    workersActive: new Gauge({ name: "arkrelay_workers_active", help: "Attempts running in this process", registers }),
    wakeFailures: new Counter({
      name: "arkrelay_wake_failures_total",
      help: "Wake-ups that Redis did not take; the sweeper repeats them",
      labelNames: ["queue"],
      registers,
    }),
    ceremonyStep: new Histogram({
      name: "arkrelay_ceremony_step_seconds",
      help: "Duration of one ceremony step",
      labelNames: ["step", "session_type"],
      buckets: WORK_SECONDS,
      registers,
    }),
    lightningOperations: new Counter({
      name: "arkrelay_lightning_operations_total",
      help: "Lifts and lands by the status they came to",
      labelNames: ["type", "status"],
      registers,
    }),
    relayConnected: new Gauge({
      name: "arkrelay_relay_connected",
      help: "1 while the relay's socket is open",
      labelNames: ["relay"],
      registers,
    }),
    relayLag: new Gauge({
      name: "arkrelay_relay_lag_seconds",
      help: "Seconds since the newest event or answer of the relay",
      labelNames: ["relay"],
      registers,
    }),
    listenerLag: new Gauge({
      name: "arkrelay_listener_lag_seconds",
      help:
        "Seconds since a daemon's stream was last known to be alive, by stream: lnd_invoices by lnd serving while the stream is open, " +
        "tapd by a poll of its receives or the open stream of them, arkd_transactions by any message. No value where nobody listens",
      labelNames: ["stream"],
      registers,
    }),
    holdInvoiceBlocksLeft: new Gauge({
      name: "arkrelay_hold_invoice_blocks_left",
      help:
        "Blocks until the first unsettled payment of a lift in this status runs out; lnd gives it back LND_HOLD_EXPIRY_DELTA earlier. " +
        "No value without one, and where nobody watches",
      // Without a label it would show 0 while there is none.
      labelNames: ["status"],
      registers,
    }),
    tapdProofsPending: new Gauge({
      name: "arkrelay_tapd_proofs_pending",
      help: "Confirmed asset transfers whose receiver has no proof yet",
      registers,
    }),
    outboxOldest: new Gauge({
      name: "arkrelay_outbox_oldest_seconds",
      help: "Age of the oldest unsent row",
      labelNames: ["channel"],
      registers,
    }),
    nostrEvents: new Counter({
      name: "arkrelay_nostr_events_total",
      help: "Nostr events by result",
      labelNames: ["direction", "kind", "result"],
      registers,
    }),
    breakerState: new Gauge({
      name: "arkrelay_breaker_state",
      help: "0 closed, 1 half-open, 2 open",
      labelNames: ["service"],
      registers,
    }),
    certificateDays: new Gauge({
      name: "arkrelay_certificate_expiry_days",
      help: "Days until the first certificate of a daemon's connection ends",
      labelNames: ["service"],
      registers,
    }),
    daemonCall: new Histogram({
      name: "arkrelay_daemon_call_seconds",
      help: "Duration of a daemon call",
      labelNames: ["service", "method"],
      buckets: WORK_SECONDS,
      registers,
    }),
    daemonErrors: new Counter({
      name: "arkrelay_daemon_errors_total",
      help: "Failed daemon calls",
      labelNames: ["service", "method", "code"],
      registers,
    }),
    cacheHits: new Counter({ name: "arkrelay_cache_hits_total", help: "Cache hits", labelNames: ["layer"], registers }),
    cacheMisses: new Counter({
      name: "arkrelay_cache_misses_total",
      help: "Cache misses",
      labelNames: ["layer"],
      registers,
    }),
    leader: new Gauge({
      name: "arkrelay_leader",
      help: "1 while this process holds the lease",
      labelNames: ["lease"],
      registers,
    }),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
