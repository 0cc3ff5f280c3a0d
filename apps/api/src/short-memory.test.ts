import { createShortMemory } from "./short-memory";

function counting() {
  let now = 0;
  let reads = 0;
  let fails = false;
  const memory = createShortMemory(
    () => now,
    100,
    () => (fails ? Promise.reject(new Error("away")) : Promise.resolve(++reads)),
  );
  return { memory, at: (ms: number) => (now = ms), fail: (value: boolean) => (fails = value) };
}

it("reads once for all who ask within its time, and anew after it", async () => {
  const { memory, at } = counting();
  expect(await Promise.all([memory(), memory()])).toEqual([1, 1]);
  at(99);
  expect(await memory()).toBe(1);
  at(100);
  expect(await memory()).toBe(2);
});

it("does not remember a failure", async () => {
  const { memory, fail } = counting();
  fail(true);
  await expect(memory()).rejects.toThrow("away");
  fail(false);
  expect(await memory()).toBe(1);
});
