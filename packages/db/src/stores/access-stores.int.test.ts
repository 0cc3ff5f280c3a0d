import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import { DrizzleApiKeyStore } from "./api-key-store";
import { DrizzleAuditStore } from "./audit-store";
import { addCounters, sumCounters } from "./counter-store";
import { DrizzleHeartbeatStore } from "./heartbeat-store";
import { DrizzleNip98Store } from "./nip98-store";
import { DrizzleRetentionStore } from "./retention-store";
import { DrizzleSystemMetricsStore } from "./system-metrics-store";

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());
beforeEach(() => test.empty());

const FUTURE = new Date(Date.now() + 3_600_000);
const PAST = new Date(Date.now() - 3_600_000);

describe("a NIP-98 event id", () => {
  it("counts once, however many use it at the same moment", async () => {
    const seen = new DrizzleNip98Store(test.database);
    const answers = await Promise.all(Array.from({ length: 12 }, () => seen.markSeen("e".repeat(64), FUTURE)));
    expect(answers.filter(Boolean)).toHaveLength(1);
  });

  it("is forgotten only after it expired, in bounded batches", async () => {
    const seen = new DrizzleNip98Store(test.database);
    for (const id of ["1", "2", "3"]) await seen.markSeen(id, PAST);
    await seen.markSeen("4", FUTURE);
    expect([await seen.prune(2), await seen.prune(2), await seen.prune(2)]).toEqual([2, 1, 0]);
    expect(await seen.markSeen("4", FUTURE)).toBe(false);
  });
});

describe("API keys", () => {
  const key = { keyId: "key_1", name: "amm", prefix: "ark_1", secretSha256: "a".repeat(64), scopes: ["sessions"] };

  it("are found by the hash of their secret, with scopes and limits", async () => {
    const keys = new DrizzleApiKeyStore(test.database);
    await keys.insert({ ...key, limits: { rate_limit_per_minute: 60 } });
    expect(await keys.findBySecretSha256("a".repeat(64))).toMatchObject({
      keyId: "key_1",
      kind: "secret",
      scopes: ["sessions"],
      limits: { rate_limit_per_minute: 60, assign_limits: {} },
      status: "active",
    });
    expect(await keys.findBySecretSha256("A".repeat(64))).toBeUndefined();
    await expect(keys.insert({ ...key, keyId: "key_2" })).rejects.toMatchObject({ code: "conflict" });
  });

  it("from the environment are imported once: a revoked one does not come back with the next start", async () => {
    const keys = new DrizzleApiKeyStore(test.database);
    expect(await keys.importOnce([key])).toBe(1);
    expect(await keys.revoke("key_1")).toBe(true);
    expect(await keys.importOnce([key])).toBe(0);
    expect(await keys.findByKeyId("key_1")).toMatchObject({ status: "revoked" });
    expect(await keys.revoke("key_1")).toBe(false);
  });
});

describe("counters", () => {
  it("lose nothing when many transactions add at once", async () => {
    const add = () =>
      test.database.transactions.run(async (tx) =>
        addCounters(tx, [
          { scope: "jobs", subject: "x", name: "b", n: 1 },
          { scope: "jobs", subject: "x", name: "a", n: 1, sumMs: 10 },
          { scope: "jobs", subject: "x", name: "a", n: 1, sumMs: 5 },
        ]),
      );
    await Promise.all(Array.from({ length: 40 }, add));
    expect(await sumCounters(test.database, "jobs")).toEqual([
      { subject: "x", name: "a", n: 80, sumMs: 600 },
      { subject: "x", name: "b", n: 40, sumMs: 0 },
    ]);
  });
});

describe("what ages", () => {
  it("goes in batches of the given size, younger rows stay", async () => {
    const beats = new DrizzleHeartbeatStore(test.database);
    const retention = new DrizzleRetentionStore(test.database);
    for (let i = 0; i < 3; i++) await beats.insert({ serviceName: "api", instance: "i1", isAlive: true });
    await test.database.write("UPDATE heartbeats SET timestamp = NOW(3) - INTERVAL 40 DAY");
    await beats.insert({ serviceName: "api", instance: "i2", isAlive: true });
    expect(await retention.count("heartbeats", PAST)).toBe(3);
    expect(await retention.deleteBatch("heartbeats", PAST, 2)).toBe(2);
    expect(await retention.deleteBatch("heartbeats", PAST, 2)).toBe(1);
    expect(await beats.list({ limit: 10 })).toMatchObject([{ instance: "i2" }]);
  });

  it("is every target without an SQL error", async () => {
    const retention = new DrizzleRetentionStore(test.database);
    for (const target of [
      "system_metrics",
      "heartbeats",
      "jobs",
      "session_events",
      "nostr_outbox",
      "nostr_raw_events",
      "nip98_seen",
      "idempotency_keys",
    ] as const) {
      expect([await retention.count(target, PAST), await retention.deleteBatch(target, PAST, 10)]).toEqual([0, 0]);
    }
  });
});

describe("lists", () => {
  it("of heartbeats show the newest first, one service if asked, and the newest per live instance", async () => {
    const beats = new DrizzleHeartbeatStore(test.database);
    for (const [serviceName, instance] of [
      ["api", "a1"],
      ["worker", "w1"],
      ["api", "a1"],
      ["api", "a2"],
    ] as const) {
      await beats.insert({ serviceName, instance, isAlive: true });
    }
    const page = await beats.list({ serviceName: "api", limit: 2 });
    expect(page.map(({ instance }) => instance)).toEqual(["a2", "a1"]);
    const rest = await beats.list({ serviceName: "api", limit: 2, beforeId: page[1]?.id });
    expect(rest).toHaveLength(1);
    expect((await beats.listLatest(60)).map(({ instance }) => instance)).toEqual(["a1", "a2", "w1"]);
  });

  it("of system metrics and audit rows page by id", async () => {
    const metrics = new DrizzleSystemMetricsStore(test.database);
    const sample = { cpuPercent: 1.5, memoryPercent: 2, memoryAvailableMb: 3, diskPercent: 4, diskFreeGb: 5 };
    await metrics.insert(sample);
    expect(await metrics.findLatest()).toMatchObject(sample);
    const audit = new DrizzleAuditStore(test.database);
    await audit.insert({ actor: "admin", action: "GET /admin", outcome: "200", details: { days: 3 } });
    await audit.insert({ actor: "admin", action: "POST /admin", outcome: "forbidden" });
    expect(await audit.list({ action: "GET /admin", limit: 5 })).toMatchObject([{ details: { days: 3 } }]);
    const [newest] = await audit.list({ limit: 1 });
    expect(newest).toMatchObject({ outcome: "forbidden", target: undefined });
    expect(await audit.list({ limit: 5, beforeId: newest?.id })).toHaveLength(1);
  });
});
