import { Counter, Gauge, Histogram, type Registry } from "prom-client";

import type { BreakerState, DaemonObserver } from "./daemon-observer";

const BREAKER_VALUES: Readonly<Record<BreakerState, number>> = { closed: 0, half_open: 1, open: 2 };

/** The daemon metrics of a process. Call once per registry: each name can be registered once. */
export function createPrometheusDaemonObserver(register: Registry): DaemonObserver {
  const registers = [register];
  const seconds = new Histogram({
    name: "arkrelay_daemon_call_seconds",
    help: "Duration of one attempt of a daemon call.",
    labelNames: ["service", "method"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30],
    registers,
  });
  const errors = new Counter({
    name: "arkrelay_daemon_errors_total",
    help: "Daemon calls that failed, by the daemon's error name or the gRPC status.",
    labelNames: ["service", "method", "code"],
    registers,
  });
  const breaker = new Gauge({
    name: "arkrelay_breaker_state",
    help: "0 closed, 1 half-open, 2 open.",
    labelNames: ["service"],
    registers,
  });
  return {
    callFinished: ({ service, method, seconds: elapsed, code }) => {
      seconds.observe({ service, method }, elapsed);
      if (code !== undefined) errors.inc({ service, method, code });
    },
    breakerChanged: (service, state) => breaker.set({ service }, BREAKER_VALUES[state]),
  };
}
