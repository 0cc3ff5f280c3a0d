import { nostrReportSchema } from "@arkrelay/core/service-report";
import { DrizzleLeaseStore } from "@arkrelay/db/stores/lease-store";
import { openTestDatabase, type TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";
import { startTestRelay } from "@arkrelay/nostr/testing/test-relay";
import { runUnderLease } from "@arkrelay/runtime/lease-runner";
import { until } from "@arkrelay/runtime/testing/until";

import type { Listener } from "../supervise-listener";
import {
  aChallenge,
  aConfirmation,
  anIntent,
  gateway,
  type NostrBench,
  nowSeconds,
  openNostrBench,
} from "../testing/nostr-bench";
import { silentLog } from "../testing/silent-log";

let testDatabase: TestDatabase;
let bench: NostrBench;

beforeAll(async () => {
  testDatabase = await openTestDatabase();
});
afterAll(() => testDatabase.close());

beforeEach(async () => {
  await testDatabase.empty();
  bench = await openNostrBench(testDatabase);
});
afterEach(() => bench.close());

const isStored = async (eventId: string): Promise<boolean> =>
  (await bench.events.find(undefined, eventId)) !== undefined;
const wokenIds = (): string[] => bench.wakes.map((wake) => wake.rowKey);
const send = (event: ReturnType<typeof aConfirmation>) =>
  testDatabase.database.transactions.run((tx) => bench.outbox.insert(tx, event, "session"));

async function countAll(): Promise<number> {
  const [row] = await testDatabase.database.select("SELECT COUNT(*) AS n FROM nostr_events");
  return Number(row?.["n"]);
}

async function outboxRow(relay: string, eventId: string) {
  const [row] = await testDatabase.database.select(
    "SELECT status, attempts, last_error FROM nostr_outbox WHERE relay = ? AND event_id = ?",
    [relay, eventId],
  );
  return row;
}

describe("what comes in", () => {
  it("is stored once and woken once, whatever relays deliver it", async () => {
    const [one, two] = bench.relays;
    const event = anIntent();
    one.inject(event);
    bench.start();
    await until(() => isStored(event.id));
    two.inject(event);
    const later = anIntent();
    two.inject(later);
    await until(() => isStored(later.id));
    expect(wokenIds()).toEqual([event.id, later.id]);
  });

  it("is not taken when its id, signature, recipient or time is wrong", async () => {
    const [relay] = bench.relays;
    const good = anIntent();
    const bad = [
      { ...anIntent(), id: "0".repeat(64) },
      { ...anIntent(), content: "{}" },
      { ...anIntent(), sig: anIntent().sig },
      anIntent({ p: "cc".repeat(32) }),
      anIntent({ createdAt: nowSeconds() + 1_000 }),
    ];
    bench.start();
    await relay.until(() => relay.requests.length >= 2);
    for (const event of [...bad, good]) relay.inject(event);
    await until(() => isStored(good.id));
    expect(await countAll()).toBe(1);
  });

  it("misses nothing that was sent while nobody listened, and does nothing twice", async () => {
    const [relay] = bench.relays;
    const before = anIntent({ createdAt: nowSeconds() - 30 });
    relay.inject(before);
    const first = bench.start();
    await until(async () => (await bench.relayRows.find(relay.url))?.lastCreatedAt !== undefined);
    await first.stop();
    const missed = Array.from({ length: 120 }, (_, i) => anIntent({ createdAt: nowSeconds() - 25 + (i % 20) }));
    missed.forEach((event) => relay.inject(event));
    bench.start({ config: { ...withoutLimit(), relays: [relay.url] } });
    await until(async () => (await countAll()) === 121);
    expect(new Set(wokenIds())).toEqual(new Set([before, ...missed].map((event) => event.id)));
    expect(wokenIds()).toHaveLength(121);
  });

  it("is taken after an outage longer than an event may be old, as long as its own time stands", async () => {
    const [relay] = bench.relays;
    const first = anIntent();
    relay.inject(first);
    const before = bench.start();
    await until(async () => (await bench.relayRows.find(relay.url))?.lastCreatedAt !== undefined);
    await before.stop();
    const hour = 3_600;
    bench.skewMs = 5 * hour * 1000;
    const sentAt = nowSeconds() + hour;
    const alive = anIntent({ createdAt: sentAt, expiresAt: nowSeconds() + 6 * hour });
    const dead = anIntent({ createdAt: sentAt, expiresAt: nowSeconds() + 4 * hour });
    const fresh = anIntent({ createdAt: nowSeconds() + 5 * hour, expiresAt: nowSeconds() + 6 * hour });
    [dead, alive, fresh].forEach((event) => relay.inject(event));
    bench.start();
    await until(() => isStored(fresh.id));
    await until(() => isStored(alive.id));
    expect(await isStored(dead.id)).toBe(false);
    expect(new Set(wokenIds())).toEqual(new Set([first.id, alive.id, fresh.id]));
    expect(wokenIds()).toHaveLength(3);
  });

  it("is what was signed, once, from relays that stutter, reorder and make things up", async () => {
    const [forger, stutterer] = bench.relays;
    forger.faults.forge = true;
    stutterer.faults.stutter = true;
    const early = Array.from({ length: 5 }, () => anIntent());
    for (const event of early) bench.relays.forEach((relay) => relay.inject(event));
    bench.start();
    await until(async () => (await countAll()) === 5);
    const late = Array.from({ length: 5 }, () => anIntent());
    for (const event of late) bench.relays.forEach((relay) => relay.inject(event));
    await until(async () => (await countAll()) === 10);
    const sent = [...early, ...late];
    expect(wokenIds().toSorted()).toEqual(sent.map(({ id }) => id).toSorted());
    for (const event of sent) expect((await bench.events.find(undefined, event.id))?.event).toEqual(event);
  });

  it("comes in by the relays that work while another is away, and once it is back nothing comes twice", async () => {
    const [one, two] = bench.relays;
    await two.close();
    bench.start({ log: silentLog() });
    const event = anIntent();
    one.inject(event);
    await until(() => isStored(event.id));
    const back = await startTestRelay(Number(new URL(two.url).port));
    try {
      back.inject(event);
      const later = anIntent();
      back.inject(later);
      await until(() => isStored(later.id));
      expect(wokenIds()).toEqual([event.id, later.id]);
    } finally {
      await back.close();
    }
  });

  it("may be addressed to the key of before a rotation, and to no other", async () => {
    const [relay] = bench.relays;
    const previous = new Uint8Array(32).fill(5);
    const old = createGatewayIdentity(previous).pubkey;
    const identity = createGatewayIdentity(new Uint8Array(32).fill(6), [previous]);
    const events = [anIntent({ p: old }), anIntent({ p: identity.pubkey }), anIntent({ p: "cc".repeat(32) })];
    bench.start({ identity });
    await relay.until(() => relay.requests.length >= 2);
    events.forEach((event) => relay.inject(event));
    const last = anIntent({ p: old });
    relay.inject(last);
    await until(() => isStored(last.id));
    expect(wokenIds()).toEqual([events[0]?.id, events[1]?.id, last.id]);
  });

  it("moves no cursor while it cannot be stored, and is taken when it can", async () => {
    const [relay] = bench.relays;
    const event = anIntent();
    relay.inject(event);
    let isDown = true;
    const events = {
      insert: (...args: Parameters<typeof bench.events.insert>) =>
        isDown ? Promise.reject(new Error("database down")) : bench.events.insert(...args),
    };
    bench.start({ events });
    await relay.until(() => relay.requests.length >= 6);
    expect((await bench.relayRows.find(relay.url))?.lastCreatedAt).toBeUndefined();
    expect(wokenIds()).toEqual([]);
    isDown = false;
    await until(() => isStored(event.id));
    expect(wokenIds()).toEqual([event.id]);
  });

  it("counts once against its author's limit, however many relays deliver it at the same time", async () => {
    const [one, two] = bench.relays;
    const events = Array.from({ length: 55 }, () => anIntent());
    bench.start();
    await one.until(() => one.requests.length >= 2);
    await two.until(() => two.requests.length >= 2);
    for (const event of events) bench.relays.forEach((relay) => relay.inject(event));
    await until(async () => (await countAll()) === 55);
    const [row] = await testDatabase.database.select(
      "SELECT COUNT(*) AS n FROM nostr_events WHERE error_code IS NOT NULL",
    );
    expect(Number(row?.["n"])).toBe(0);
    expect(wokenIds()).toHaveLength(55);
  });

  it("is limited per author: one event more is stored for the notice, the rest are dropped", async () => {
    const [relay] = bench.relays;
    const events = Array.from({ length: 64 }, () => anIntent());
    bench.start();
    await relay.until(() => relay.requests.length >= 2);
    events.forEach((event) => relay.inject(event));
    await until(async () => (await countAll()) === 61);
    const [row] = await testDatabase.database.select(
      "SELECT COUNT(*) AS n FROM nostr_events WHERE error_code = 'rate_limited'",
    );
    expect(Number(row?.["n"])).toBe(1);
  });
});

describe("what goes out", () => {
  it("is published when enough relays took it, each of them asked by itself", async () => {
    const [one, two] = bench.relays;
    two.faults.refuseWith = "rate-limited: slow down";
    const event = aConfirmation();
    await send(event);
    const { listener } = bench.start();
    await until(async () => (await bench.queue.countAcks(event.id)) === 1);
    expect(listener.report()).toMatchObject({ eventsPublished: 0 });
    two.faults.refuseWith = undefined;
    await until(() => publishedBy(listener) === 1);
    expect([one, two].map((relay) => relay.stored.map(({ id }) => id))).toEqual([[event.id], [event.id]]);
  });

  it("is sent again as the same bytes after a crash that lost the answer", async () => {
    const [relay] = bench.relays;
    relay.faults.loseOks = true;
    const event = aConfirmation();
    await send(event);
    const crashed = bench.start();
    await relay.until(() => relay.received.length > 0);
    await crashed.stop();
    relay.faults.loseOks = false;
    await testDatabase.database.write("UPDATE nostr_outbox SET next_at = NOW(3)");
    bench.start();
    await until(async () => (await outboxRow(relay.url, event.id))?.["status"] === "done");
    expect(relay.received.length).toBeGreaterThan(1);
    expect(new Set(relay.received.map((sent) => JSON.stringify(sent)))).toEqual(new Set([JSON.stringify(event)]));
    expect(relay.stored).toEqual([event]);
  });

  it("is not published by a relay that claims to have it and does not", async () => {
    const [relay] = bench.relays;
    relay.faults.claimDuplicate = true;
    const event = aConfirmation();
    await send(event);
    bench.start();
    await until(async () => Number((await outboxRow(relay.url, event.id))?.["attempts"]) >= 1);
    expect(await outboxRow(relay.url, event.id)).toMatchObject({ status: "pending" });
  });

  it("is parked at a relay that refuses it for good, and goes on at the other", async () => {
    const [one, two] = bench.relays;
    one.faults.refuseWith = "blocked: not on the list";
    const event = aConfirmation();
    await send(event);
    bench.start({ log: silentLog() });
    await until(async () => (await outboxRow(one.url, event.id))?.["status"] === "parked");
    await until(async () => (await outboxRow(two.url, event.id))?.["status"] === "done");
  });

  it("is parked after a day at a relay that was never there", async () => {
    const [one, two] = bench.relays;
    const event = aConfirmation();
    await send(event);
    await two.close();
    bench.start({ log: silentLog() });
    await until(async () => (await outboxRow(one.url, event.id))?.["status"] === "done");
    expect(await outboxRow(two.url, event.id)).toMatchObject({ status: "pending" });
    bench.skewMs = 25 * 3_600_000;
    await until(async () => (await outboxRow(two.url, event.id))?.["status"] === "parked");
  });

  it("is nobody's trouble when its own time passed while a relay was away", async () => {
    const [one, two] = bench.relays;
    const event = aChallenge(nowSeconds() + 60);
    await send(event);
    await two.close();
    bench.start({ log: silentLog() });
    await until(async () => (await outboxRow(one.url, event.id))?.["status"] === "done");
    bench.skewMs = 120_000;
    await until(async () => (await outboxRow(two.url, event.id))?.["status"] === "superseded");
    expect(await bench.queue.findOldestPendingSeconds()).toBeUndefined();
  });

  it("is the same from two processes with one key: no relay ever sees two contents of one d", async () => {
    const events = Array.from({ length: 10 }, (_, i) => aConfirmation(`d-${i}`));
    for (const event of events) await send(event);
    bench.start();
    bench.start();
    await until(async () => (await bench.queue.findOldestPendingSeconds()) === undefined);
    for (const relay of bench.relays) {
      expect(new Set(relay.received.map((sent) => JSON.stringify(sent))).size).toBe(10);
      expect(new Set(relay.stored.map(({ id }) => id))).toEqual(new Set(events.map(({ id }) => id)));
    }
  });
});

describe("two processes with one key", () => {
  /** One services-runner: its listener under the lease. `kill` ends it as a crash does, with the lease still held. */
  function runProcess(name: string) {
    const leases = new DrizzleLeaseStore(testDatabase.database);
    let isKilled = false;
    const stop = new AbortController();
    const listener = bench.create({ log: silentLog(), onOutboxWake: () => () => undefined });
    const ended = runUnderLease(
      {
        store: {
          acquire: (...args) => leases.acquire(...args),
          renew: (...args) => leases.renew(...args),
          release: (lease) => (isKilled ? Promise.resolve() : leases.release(lease)),
        },
        name: "service:nostr",
        holder: name,
        leaseMs: 600,
        renewMs: 100,
        signal: stop.signal,
      },
      (leadership) => listener.run(leadership),
    );
    const end = async (): Promise<void> => {
      stop.abort();
      await ended;
    };
    return {
      isLeading: () => listener.report() !== null,
      stop: end,
      kill: () => {
        isKilled = true;
        return end();
      },
    };
  }

  it("are read and published by one of them, and by the other once it has died", async () => {
    const [relay] = bench.relays;
    const first = runProcess("first");
    await until(() => Promise.resolve(first.isLeading()));
    const second = runProcess("second");
    const [early, confirmation] = [anIntent(), aConfirmation()];
    relay.inject(early);
    await send(confirmation);
    await until(() => isStored(early.id));
    await until(async () => (await bench.queue.countAcks(confirmation.id)) === 2);
    expect(second.isLeading()).toBe(false);
    await first.kill();
    const [missed, later] = [anIntent(), aConfirmation()];
    relay.inject(missed);
    await send(later);
    await until(() => isStored(missed.id));
    await until(async () => (await bench.queue.countAcks(later.id)) === 2);
    await second.stop();
    expect(wokenIds()).toEqual([early.id, missed.id]);
    expect(relay.received.map(({ id }) => id)).toEqual([confirmation.id, later.id]);
  });
});

test("without a key nothing runs and no identity is made up", async () => {
  const { listener } = bench.start();
  expect(listener.report()).toMatchObject({ gatewayPubkey: gateway.pubkey });
  const keyless = bench.start({ identity: undefined });
  await expect(keyless.stop()).rejects.toThrow("NOSTR_PRIVATE_KEY");
});

function publishedBy({ report }: Listener): number | undefined {
  return nostrReportSchema.shape.detail.parse(report())?.eventsPublished;
}

function withoutLimit() {
  return {
    minRelayAcks: 1,
    eventMaxAgeSeconds: 900,
    eventMaxFutureSeconds: 120,
    backfillOverlapSeconds: 900,
    intentsPerMinute: 10_000,
    requestsPerMinute: 10,
  };
}
