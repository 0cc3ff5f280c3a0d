import { createMetrics } from "@arkrelay/runtime/metrics";

import { createShortMemory } from "./short-memory";

function counting() {
  let now = 0;
  let reads = 0;
  let fails = false;
  const metrics = createMetrics();
  const memory = createShortMemory({ nowMs: () => now, ageMsMax: 100, metrics }, () =>
    fails ? Promise.reject(new Error("away")) : Promise.resolve(++reads),
  );
  return { memory, metrics, at: (ms: number) => (now = ms), fail: (value: boolean) => (fails = value) };
}

it("reads once for all who ask within its time, and anew after it", async () => {
  const { memory, metrics, at } = counting();
  expect(await Promise.all([memory(), memory()])).toEqual([1, 1]);
  at(99);
  expect(await memory()).toBe(1);
  at(100);
  expect(await memory()).toBe(2);
  const text = await metrics.registry.metrics();
  expect(text).toContain('arkrelay_cache_hits_total{layer="process"} 2');
  expect(text).toContain('arkrelay_cache_misses_total{layer="process"} 2');
});

it("does not remember a failure", async () => {
  const { memory, fail } = counting();
  fail(true);
  await expect(memory()).rejects.toThrow("away");
  fail(false);
  expect(await memory()).toBe(1);
});
