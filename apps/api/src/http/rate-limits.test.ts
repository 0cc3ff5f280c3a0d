import { InMemoryTokenBuckets } from "./rate-limits";
import { createRedisTokenBuckets } from "./redis-token-buckets";

const bucket = { key: "k", perSecond: 2, burst: 3 };

describe("a token bucket", () => {
  it("gives its burst at once, then one token per refill", async () => {
    let nowMs = 0;
    const buckets = new InMemoryTokenBuckets(() => nowMs);
    const take = async () => (await buckets.take([bucket])).allowed;
    expect([await take(), await take(), await take(), await take()]).toEqual([true, true, true, false]);
    nowMs = 500;
    expect([await take(), await take()]).toEqual([true, false]);
  });

  it("says how long an empty one needs", async () => {
    const buckets = new InMemoryTokenBuckets(() => 0);
    for (let i = 0; i < 3; i++) await buckets.take([bucket]);
    expect(await buckets.take([bucket])).toEqual({ allowed: false, remaining: 0, retryAfterSeconds: 0.5 });
  });

  it("takes from none when one of several is empty", async () => {
    const buckets = new InMemoryTokenBuckets(() => 0);
    const empty = { key: "empty", perSecond: 1, burst: 1 };
    await buckets.take([empty]);
    expect((await buckets.take([bucket, empty])).allowed).toBe(false);
    expect((await buckets.take([bucket])).remaining).toBe(2);
  });

  it("is kept in this process's memory while Redis does not answer", async () => {
    const buckets = createRedisTokenBuckets(
      () => Promise.reject(new Error("away")),
      () => 0,
    );
    const allowed = [];
    for (let i = 0; i < 4; i++) allowed.push((await buckets.take([bucket])).allowed);
    expect(allowed).toEqual([true, true, true, false]);
  });

  it("leaves a Redis that did not answer alone for two seconds, and uses it again once it answers", async () => {
    let nowMs = 0;
    let asked = 0;
    let isAway = true;
    const buckets = createRedisTokenBuckets(
      () => {
        asked++;
        return isAway ? Promise.reject(new Error("away")) : Promise.resolve([1, 99, "0"]);
      },
      () => nowMs,
    );
    for (let i = 0; i < 3; i++) await buckets.take([bucket]);
    expect(asked).toBe(1);
    isAway = false;
    nowMs = 2_000;
    expect((await buckets.take([bucket])).remaining).toBe(99);
    await buckets.take([bucket]);
    expect(asked).toBe(3);
  });
});
