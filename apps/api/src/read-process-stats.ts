import { readdir, readFile } from "node:fs/promises";
import { totalmem } from "node:os";

import type { Metrics } from "@arkrelay/runtime/metrics";

const MEGABYTE = 1024 ** 2;

export interface ProcessStats {
  readonly rssMb: number;
  readonly vmsMb: number | undefined;
  readonly memoryPercent: number;
  readonly threads: number | undefined;
  readonly openFiles: number | undefined;
  readonly gc: { readonly collections: number; readonly seconds: number };
  readonly eventLoopLagMs: { readonly p50: number; readonly p99: number; readonly max: number };
}

/** What this process uses; garbage collection and event loop as its default metrics have counted them. */
export async function readProcessStats({ registry }: Pick<Metrics, "registry">): Promise<ProcessStats> {
  const { rss } = process.memoryUsage();
  // Reading the lag itself is what brings its percentiles up to date.
  await readValues(registry, "nodejs_eventloop_lag_seconds");
  const [status, openFiles, gc, p50, p99, max] = await Promise.all([
    readFile("/proc/self/status", "utf8").catch(() => ""),
    readdir("/proc/self/fd").then(
      (files) => files.length,
      () => undefined,
    ),
    readValues(registry, "nodejs_gc_duration_seconds"),
    readValues(registry, "nodejs_eventloop_lag_p50_seconds"),
    readValues(registry, "nodejs_eventloop_lag_p99_seconds"),
    readValues(registry, "nodejs_eventloop_lag_max_seconds"),
  ]);
  const virtualKb = readNumber(status, "VmSize");
  return {
    rssMb: rss / MEGABYTE,
    vmsMb: virtualKb === undefined ? undefined : virtualKb / 1024,
    memoryPercent: (rss / totalmem()) * 100,
    threads: readNumber(status, "Threads"),
    openFiles,
    gc: { collections: sum(gc, "_count"), seconds: sum(gc, "_sum") },
    eventLoopLagMs: { p50: sum(p50) * 1000, p99: sum(p99) * 1000, max: sum(max) * 1000 },
  };
}

interface Value {
  readonly value: number;
  readonly metricName?: string;
}

async function readValues(registry: Metrics["registry"], name: string): Promise<readonly Value[]> {
  return (await registry.getSingleMetric(name)?.get())?.values ?? [];
}

/** Of a histogram, the part with that suffix. */
function sum(values: readonly Value[], suffix = ""): number {
  return values
    .filter(({ metricName }) => suffix === "" || metricName?.endsWith(suffix) === true)
    .reduce((total, { value }) => total + (Number.isFinite(value) ? value : 0), 0);
}

function readNumber(status: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1];
  return found === undefined ? undefined : Number(found);
}
