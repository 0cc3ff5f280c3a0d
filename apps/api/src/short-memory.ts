import type { Metrics } from "@arkrelay/runtime/metrics";

export interface ShortMemoryOptions {
  readonly nowMs: () => number;
  readonly ageMsMax: number;
  readonly metrics: Pick<Metrics, "cacheHits" | "cacheMisses">;
}

const LAYER = { layer: "process" };

/** Remembers an answer for a while; calls that come while it is being read share the one reading. A failure is not remembered. */
export function createShortMemory<T>(
  { nowMs, ageMsMax, metrics }: ShortMemoryOptions,
  read: () => Promise<T>,
): () => Promise<T> {
  let known: { readonly value: Promise<T>; readonly at: number } | undefined;
  return () => {
    if (known !== undefined && nowMs() - known.at < ageMsMax) {
      metrics.cacheHits.inc(LAYER);
      return known.value;
    }
    metrics.cacheMisses.inc(LAYER);
    const reading = { value: read(), at: nowMs() };
    known = reading;
    reading.value.catch(() => {
      if (known === reading) known = undefined;
    });
    return reading.value;
  };
}
