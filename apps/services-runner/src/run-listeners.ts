import { noteInvoiceState } from "@arkrelay/core/lightning/note-invoice-state";
import { runUnderLease } from "@arkrelay/runtime/lease-runner";

import { DeadlineWatch } from "./alerts/deadline-watch";
import { createMonitoringListener } from "./arkd/monitoring-listener";
import { createScriptListener } from "./arkd/script-listener";
import type { ServicesConfig } from "./config";
import type { ServicesDeps } from "./deps";
import { createInventoryListener } from "./inventory/inventory-listener";
import { createLightningListener } from "./lightning/lightning-listener";
import { createNostrListener } from "./nostr/nostr-listener";
import { type Listener, superviseListener } from "./supervise-listener";

/** An operator's wish is obeyed within 5 s; half of it leaves time to act. */
const SUPERVISION_PERIOD_MS = 2_500;
const BACKOFF_MIN_MS = 1_000;
const OUTBOX_POLL_MS = 1_000;
const SCRIPT_REFRESH_MS = 5_000;
const SCRIPT_RECONCILE_MS = 300_000;
const LIGHTNING_REFRESH_MS = 1_000;
const LIGHTNING_HEARTBEAT_MS = 30_000;
const SLOW_POLL_MS = 300_000;
const FEE_VTXO_POLL_MS = 2_000;

/** Every listener under a lease of its own, so that several processes share the work and none does it twice. */
export async function runListeners(deps: ServicesDeps, config: ServicesConfig, signal: AbortSignal): Promise<void> {
  const { background } = config;
  const lightning = createLightning(deps, config);
  await Promise.all([
    lead(deps, config, signal, createNostr(deps, config), config.nostr.autoStart),
    lead(deps, config, signal, createScripts(deps, config), background.vtxoAutoStart),
    lead(deps, config, signal, createInventory(deps, config), background.vtxoAutoStart),
    lead(deps, config, signal, createMonitoring(deps, config), background.monitoringAutoStart),
    lightning && lead(deps, config, signal, lightning, config.lightning.autoStart),
  ]);
}

function lead(
  deps: ServicesDeps,
  config: ServicesConfig,
  signal: AbortSignal,
  listener: Listener,
  autoStart: boolean,
): Promise<void> {
  const { background, process } = config;
  const lease = `service:${listener.name}`;
  const log = deps.logger.forModule(listener.name);
  return runUnderLease(
    {
      store: deps.leases,
      name: lease,
      holder: deps.instance,
      leaseMs: background.leaseMs,
      renewMs: background.leaseRenewMs,
      signal,
      onLeader: (isLeader) => deps.metrics.leader.set({ lease }, isLeader ? 1 : 0),
      onError: (error) => log.error("the lease reported an error", { lease, error }),
    },
    (leadership) =>
      superviseListener(
        {
          listener,
          autoStart,
          log,
          instance: deps.instance,
          states: deps.states,
          periodMs: SUPERVISION_PERIOD_MS * process.pollScale,
          backoffMinMs: BACKOFF_MIN_MS * process.pollScale,
        },
        leadership,
      ),
  );
}

function createNostr(deps: ServicesDeps, config: ServicesConfig): Listener {
  return createNostrListener({
    ...deps,
    config: config.nostr,
    log: deps.logger.forModule("nostr"),
    onOutboxWake: (wake) => deps.outboxWakes.listen(wake),
    pollMs: OUTBOX_POLL_MS * config.process.pollScale,
  });
}

function createScripts(deps: ServicesDeps, config: ServicesConfig): Listener {
  const { pollScale } = config.process;
  return createScriptListener({
    ...deps,
    insert: { ...deps, pendingJobsMax: config.background.pendingJobsPerOwnerMax },
    log: deps.logger.forModule("vtxo"),
    refreshMs: SCRIPT_REFRESH_MS * pollScale,
    reconcileMs: SCRIPT_RECONCILE_MS * pollScale,
  });
}

/** undefined = no lnd is configured. */
function createLightning(deps: ServicesDeps, config: ServicesConfig): Listener | undefined {
  const { lnd } = deps;
  if (lnd === undefined) return undefined;
  const { pollScale } = config.process;
  const noting = { ...deps, outbox: deps.nostrOutbox };
  return createLightningListener({
    ...deps,
    node: lnd,
    note: (tx, invoice) => noteInvoiceState(noting, tx, invoice),
    insert: { ...deps, pendingJobsMax: config.background.pendingJobsPerOwnerMax },
    log: deps.logger.forModule("lightning"),
    onWake: (wake) => deps.lightningWakes.listen(wake),
    refreshMs: LIGHTNING_REFRESH_MS * pollScale,
    pollMs: config.lightning.pollMs * pollScale,
    heartbeatMs: LIGHTNING_HEARTBEAT_MS * pollScale,
    slowPollMs: SLOW_POLL_MS * pollScale,
  });
}

function createInventory(deps: ServicesDeps, config: ServicesConfig): Listener {
  const { inventory, session, process, background } = config;
  return createInventoryListener({
    ...deps,
    transactions: deps.database.transactions,
    config: session,
    levels: inventory.levels,
    batchSats: session.vtxoBatchAmountSats,
    satPerVbyte: session.feeSatsPerVbyte,
    insertJob: { ...deps, pendingJobsMax: background.pendingJobsPerOwnerMax },
    log: deps.logger.forModule("inventory"),
    periodMs: inventory.checkMs * process.pollScale,
    feePeriodMs: Math.min(FEE_VTXO_POLL_MS, inventory.checkMs) * process.pollScale,
  });
}

function createMonitoring(deps: ServicesDeps, config: ServicesConfig): Listener {
  const periodMs = config.arkd.healthCheckIntervalMs * config.process.pollScale;
  const log = deps.logger.forModule("monitoring");
  const { holdExpiryDelta, unknownPaymentAlertMs } = config.lightning;
  const { acceptedAlertMs } = config.session;
  const deadlines = new DeadlineWatch({
    ...deps,
    node: deps.lnd,
    limits: { holdExpiryDelta, unknownPaymentAlertMs, acceptedAlertMs },
    log,
  });
  return createMonitoringListener({ ...deps, deadlines, log, periodMs });
}
