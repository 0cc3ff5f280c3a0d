import { setTimeout as delay } from "node:timers/promises";

import type { MonitoringReportDetail } from "@arkrelay/core/service-report";
import type { DaemonHealth, DaemonProbe } from "@arkrelay/daemons/daemon-probe";
import type { Logger } from "@arkrelay/runtime/logger";
import type { Metrics } from "@arkrelay/runtime/metrics";
import { runEvery } from "@arkrelay/runtime/run-every";

import type { DeadlineWatch } from "../alerts/deadline-watch";
import type { Listener } from "../supervise-listener";

export interface MonitoringListenerDeps {
  readonly probes: ReadonlyMap<string, Pick<DaemonProbe, "check">>;
  readonly periodMs: number;
  /** Looked at as often. */
  readonly deadlines: Pick<DeadlineWatch, "look" | "end">;
  readonly metrics: Pick<Metrics, "serviceHealth" | "certificateDays">;
  readonly log: Pick<Logger, "info" | "warn">;
}

const DAY_MS = 86_400_000;

/**
 * Asks every daemon how it is, so that /health and the metrics of all processes answer without asking anybody, and tells operators of what
 * runs out of time.
 */
export function createMonitoringListener(deps: MonitoringListenerDeps): Listener {
  const last = new Map<string, DaemonHealth>();
  return {
    name: "monitoring",
    async run({ signal }) {
      const onError = (error: unknown): void => deps.log.warn("deadlines could not be looked at", { error });
      try {
        await Promise.all([
          probeAll(deps, last, signal),
          runEvery({ periodMs: deps.periodMs, signal, onError }, () => deps.deadlines.look()),
        ]);
      } finally {
        deps.deadlines.end();
      }
    },
    report: () => ({ daemons: Object.fromEntries([...last].map(([name, health]) => [name, toReport(health)])) }),
  };
}

async function probeAll(
  deps: MonitoringListenerDeps,
  last: Map<string, DaemonHealth>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await Promise.all([...deps.probes].map(([name, probe]) => checkOne(deps, last, name, probe)));
    await delay(deps.periodMs, undefined, { signal }).catch(() => undefined);
  }
}

async function checkOne(
  deps: MonitoringListenerDeps,
  last: Map<string, DaemonHealth>,
  name: string,
  probe: Pick<DaemonProbe, "check">,
): Promise<void> {
  const before = last.get(name);
  const health = await probe.check();
  last.set(name, health);
  deps.metrics.serviceHealth.set({ service_name: name }, health.healthy ? 1 : 0);
  const { certificateExpiresAt } = health;
  if (certificateExpiresAt !== null) {
    const days = (certificateExpiresAt.getTime() - Date.now()) / DAY_MS;
    deps.metrics.certificateDays.set({ service: name }, Math.floor(days));
  }
  tellChange(deps.log, name, before, health);
}

/** One line per change: a daemon that is away for a night fills no log. */
function tellChange(
  log: MonitoringListenerDeps["log"],
  service: string,
  before: DaemonHealth | undefined,
  { healthy, lastErrorCode, version, certificateExpiresAt }: DaemonHealth,
): void {
  if (before?.healthy === healthy && before.lastErrorCode === lastErrorCode) return;
  const fields = { service, code: lastErrorCode, version, certificate_expires_at: certificateExpiresAt };
  if (!healthy) log.warn("a daemon cannot be used", fields);
  else if (lastErrorCode !== null) log.warn("a daemon serves, with a warning", fields);
  else log.info("a daemon serves", fields);
}

function toReport(health: DaemonHealth): MonitoringReportDetail["daemons"][string] {
  const { certificateExpiresAt, checkedAt } = health;
  return {
    ...health,
    certificateExpiresAt: certificateExpiresAt?.toISOString() ?? null,
    checkedAt: checkedAt?.toISOString() ?? null,
  };
}
