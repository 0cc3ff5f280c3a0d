import { checkQueueRedis, closeRedis, openRedis, pingRedis, redisOptions, waitForRedis } from "./redis";
import { openTestRedis } from "./testing/test-redis";

describe("a producer's connection", () => {
  it("fails a command at once while Redis is away, instead of keeping a request waiting", async () => {
    const redis = openRedis({ url: "redis://127.0.0.1:1/0", role: "producer" });
    await expect(redis.set("a", "b")).rejects.toThrow();
    await expect(pingRedis(redis)).rejects.toThrow("not connected");
    await expect(waitForRedis(redis, 20)).rejects.toThrow("within 20 ms");
    await closeRedis(redis);
  });
});

describe("the queue Redis", () => {
  it("is accepted when it keeps everything, and refused without append-only file where that is demanded", async () => {
    const { redis, close } = await openTestRedis();
    await checkQueueRedis(redis, { requireAof: false });
    await expect(checkQueueRedis(redis, { requireAof: true })).rejects.toThrow("append-only");
    await close();
  });

  it("is refused when it evicts keys", async () => {
    const evicting = { info: () => Promise.resolve("maxmemory_policy:allkeys-lru\r\n") };
    await expect(checkQueueRedis(evicting, { requireAof: false })).rejects.toThrow("maxmemory-policy noeviction");
  });
});

describe("a Redis URL", () => {
  it("gives host, credentials, database and TLS", () => {
    expect(redisOptions("rediss://me:p%40ss@[::1]:6380/3", "worker")).toMatchObject({
      host: "::1",
      port: 6380,
      username: "me",
      password: "p@ss",
      db: 3,
      tls: {},
      maxRetriesPerRequest: null,
    });
    expect(() => redisOptions("http://x", "worker")).toThrow("redis://");
  });
});
