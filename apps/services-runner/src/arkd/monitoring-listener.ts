import { setTimeout as delay } from "node:timers/promises";

import type { MonitoringReportDetail } from "@arkrelay/core/service-report";
import type { DaemonHealth, DaemonProbe } from "@arkrelay/daemons/daemon-probe";
import type { Metrics } from "@arkrelay/runtime/metrics";

import type { Listener } from "../supervise-listener";

export interface MonitoringListenerDeps {
  readonly probes: ReadonlyMap<string, Pick<DaemonProbe, "check">>;
  readonly periodMs: number;
  readonly metrics: Pick<Metrics, "serviceHealth">;
}

/** Asks every daemon how it is, so that /health and the metrics of all processes answer without asking anybody. */
export function createMonitoringListener(deps: MonitoringListenerDeps): Listener {
  const last = new Map<string, DaemonHealth>();
  return {
    name: "monitoring",
    async run({ signal }) {
      while (!signal.aborted) {
        await Promise.all([...deps.probes].map(([name, probe]) => checkOne(deps, last, name, probe)));
        await delay(deps.periodMs, undefined, { signal }).catch(() => undefined);
      }
    },
    report: () => ({ daemons: Object.fromEntries([...last].map(([name, health]) => [name, toReport(health)])) }),
  };
}

async function checkOne(
  deps: MonitoringListenerDeps,
  last: Map<string, DaemonHealth>,
  name: string,
  probe: Pick<DaemonProbe, "check">,
): Promise<void> {
  const health = await probe.check();
  last.set(name, health);
  deps.metrics.serviceHealth.set({ service_name: name }, health.healthy ? 1 : 0);
}

function toReport(health: DaemonHealth): MonitoringReportDetail["daemons"][string] {
  return { ...health, checkedAt: health.checkedAt?.toISOString() ?? null };
}
