import type { Metrics } from "@arkrelay/runtime/metrics";

import type { BreakerState, DaemonObserver } from "./daemon-observer";

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, half_open: 1, open: 2 };

/** Writes daemon calls and breakers into the metrics of the process. */
export function createPrometheusDaemonObserver(
  metrics: Pick<Metrics, "breakerState" | "daemonCall" | "daemonErrors">,
): DaemonObserver {
  return {
    callFinished: ({ service, method, seconds, code }) => {
      metrics.daemonCall.observe({ service, method }, seconds);
      if (code !== undefined) metrics.daemonErrors.inc({ service, method, code });
    },
    streamBroke: ({ service, method, code }) => metrics.daemonErrors.inc({ service, method, code }),
    breakerChanged: (service, state) => metrics.breakerState.set({ service }, BREAKER_VALUES[state]),
  };
}
