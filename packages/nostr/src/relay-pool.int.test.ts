import { parseNostrEvent } from "@arkrelay/core/nostr/nostr-event";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";

import { createGatewayIdentity } from "./gateway-identity";
import type { RelayTimings } from "./relay-connection";
import type { RelayIngest } from "./relay-ingest";
import { RelayPool } from "./relay-pool";
import { startTestRelay, type TestRelay } from "./testing/test-relay";

const gateway = createGatewayIdentity(new Uint8Array(Buffer.from("31".repeat(32), "hex")));
const wallet = createGatewayIdentity(new Uint8Array(Buffer.from("32".repeat(32), "hex")));

const NOW = 1_790_000_000;
const TIMINGS = {
  connectTimeoutMs: 1_000,
  answerTimeoutMs: 5_000,
  pingIntervalMs: 30_000,
  backoffMinMs: 5,
  backoffMaxMs: 20,
  stableAfterMs: 60_000,
};

let relay: TestRelay;
let pool: RelayPool | undefined;

beforeEach(async () => {
  relay = await startTestRelay();
});

afterEach(async () => {
  await pool?.stop();
  await relay.close();
});

function startPool(ingest?: RelayIngest, timings: Partial<RelayTimings> = {}): RelayPool {
  pool = new RelayPool({
    urls: [relay.url],
    identity: gateway,
    clock: { now: () => new Date(NOW * 1000) },
    observer: { connected: () => undefined, disconnected: () => undefined },
    jitter: Math.random,
    timings: { ...TIMINGS, ...timings },
    ingest,
  });
  pool.start();
  return pool;
}

async function connectedPool(timings: Partial<RelayTimings> = {}): Promise<RelayPool> {
  const started = startPool(recordingIngest().ingest, timings);
  await relay.until(() => relay.requests.length > 0);
  return started;
}

let serial = 0;
function intent(createdAt: number, d = `action-${serial++}`): NostrEvent {
  const tags = [
    ["d", d],
    ["p", gateway.pubkey],
  ];
  return wallet.sign({ kind: 31510, created_at: createdAt, tags, content: `{"n":${serial++}}` });
}

const ownEvent = (d: string, createdAt = NOW): NostrEvent =>
  gateway.sign({ kind: 31340, created_at: createdAt, tags: [["d", d]], content: String(serial++) });

interface Recording {
  readonly ingest: RelayIngest;
  /** Ids in the order they were taken, with every delivery. */
  readonly taken: { id: string; stored: boolean }[];
  cursor: number;
  fail: boolean;
  until(condition: () => boolean): Promise<void>;
}

function recordingIngest(cursor = NOW - 1_000): Recording {
  const waiters: { condition: () => boolean; resolve: () => void }[] = [];
  const look = (): void => waiters.filter((waiter) => waiter.condition()).forEach((waiter) => waiter.resolve());
  const recording: Recording = {
    taken: [],
    cursor,
    fail: false,
    until: (condition) =>
      condition() ? Promise.resolve() : new Promise((resolve) => waiters.push({ condition, resolve })),
    ingest: {
      filter: { kinds: [31510, 31512], "#p": [gateway.pubkey] },
      liveSince: () => NOW - 900,
      backfillSince: () => Promise.resolve(recording.cursor - 900),
      take(_url, events, stored) {
        if (recording.fail) return Promise.reject(new Error("database down"));
        const parsed = events.flatMap((event) => parseNostrEvent(event) ?? []);
        recording.taken.push(...parsed.map(({ id }) => ({ id, stored })));
        look();
        return Promise.resolve(Math.max(0, ...parsed.map((event) => event.created_at)));
      },
      saveCursor(_url, createdAt) {
        recording.cursor = createdAt;
        look();
        return Promise.resolve();
      },
    },
  };
  return recording;
}

const idsOf = (recording: Recording): Set<string> => new Set(recording.taken.map(({ id }) => id));

test("reads what was stored before it came, page by page, and then what comes", async () => {
  relay.faults.pageSizeMax = 10;
  const old = Array.from({ length: 47 }, (_, i) => intent(NOW - 1_500 + i));
  old.forEach((event) => relay.inject(event));
  const recording = recordingIngest();
  startPool(recording.ingest);
  await recording.until(() => recording.cursor === NOW - 1_500 + 46);
  const live = intent(NOW);
  relay.inject(live);
  await recording.until(() => idsOf(recording).has(live.id));
  expect(idsOf(recording)).toEqual(new Set([...old, live].map((event) => event.id)));
  expect(recording.taken.filter(({ id }) => id === live.id)).toEqual([{ id: live.id, stored: false }]);
  expect(recording.taken.filter(({ id }) => id !== live.id).every(({ stored }) => stored)).toBe(true);
});

test("a second that holds more than a page hides nothing older", async () => {
  relay.faults.pageSizeMax = 10;
  const crowded = Array.from({ length: 30 }, () => intent(NOW - 1_200));
  const older = intent(NOW - 1_300);
  [older, ...crowded].forEach((event) => relay.inject(event));
  const recording = recordingIngest();
  startPool(recording.ingest);
  await recording.until(() => recording.cursor === NOW - 1_200);
  expect(idsOf(recording).has(older.id)).toBe(true);
});

test("after a lost connection it reads what it missed, from its cursor less the overlap", async () => {
  const recording = recordingIngest();
  startPool(recording.ingest);
  const first = intent(NOW);
  await relay.until(() => relay.requests.length >= 2);
  relay.inject(first);
  await recording.until(() => recording.cursor === NOW);
  const requestsBefore = relay.requests.length;
  relay.disconnectAll();
  const missed = intent(NOW - 600);
  relay.inject(missed);
  await recording.until(() => idsOf(recording).has(missed.id));
  expect(relay.requests.slice(requestsBefore).map((filter) => filter.since)).toContain(NOW - 900);
});

test("the cursor does not move past what could not be stored", async () => {
  const recording = recordingIngest();
  recording.fail = true;
  const event = intent(NOW);
  relay.inject(event);
  startPool(recording.ingest);
  await relay.until(() => relay.requests.length >= 6);
  expect(recording.cursor).toBe(NOW - 1_000);
  recording.fail = false;
  await recording.until(() => recording.cursor === NOW);
  expect(idsOf(recording)).toEqual(new Set([event.id]));
});

test("a published event is accepted once the relay says so", async () => {
  const event = ownEvent("a");
  const started = await connectedPool();
  await expect(started.publish(relay.url, event)).resolves.toEqual({ kind: "accepted" });
  await expect(started.holds(relay.url, event.id)).resolves.toBe(true);
});

test("a superseded event is answered as a duplicate and is not there", async () => {
  const started = await connectedPool();
  const older = ownEvent("a", NOW - 1);
  await started.publish(relay.url, ownEvent("a", NOW));
  await expect(started.publish(relay.url, older)).resolves.toEqual({ kind: "duplicate" });
  await expect(started.holds(relay.url, older.id)).resolves.toBe(false);
});

test.each([
  ["invalid: bad event", true],
  ["blocked: not on the list", true],
  ["restricted: pay first", true],
  ["pow: 20 bits needed", true],
  ["rate-limited: slow down", false],
  ["error: disk full", false],
  ["no prefix at all", false],
])("a refusal '%s' is final: %s", async (message, final) => {
  relay.faults.refuseWith = message;
  const started = await connectedPool();
  await expect(started.publish(relay.url, ownEvent("a"))).resolves.toEqual({ kind: "refused", final, message });
});

test("a lost OK leaves the outcome open, although the relay has the event", async () => {
  relay.faults.loseOks = true;
  const started = await connectedPool({ answerTimeoutMs: 200 });
  const event = ownEvent("a");
  await expect(started.publish(relay.url, event)).resolves.toMatchObject({ kind: "unanswered" });
  await expect(started.holds(relay.url, event.id)).resolves.toBe(true);
});

test("without a connection nothing is published and nothing hangs", async () => {
  const started = startPool();
  await expect(started.publish("ws://unknown", ownEvent("a"))).resolves.toMatchObject({ kind: "unanswered" });
});

test("a relay that asks who we are gets the answer, for reading and for publishing", async () => {
  relay.faults.requireAuth = true;
  const event = intent(NOW);
  relay.inject(event);
  const recording = recordingIngest();
  const started = startPool(recording.ingest);
  await recording.until(() => idsOf(recording).has(event.id));
  await expect(started.publish(relay.url, ownEvent("a"))).resolves.toEqual({ kind: "accepted" });
});

test("a relay that begins to ask who we are in the middle of a connection gets the answer then", async () => {
  const started = await connectedPool();
  relay.faults.requireAuth = true;
  const event = ownEvent("a");
  await expect(started.publish(relay.url, event)).resolves.toEqual({ kind: "accepted" });
  await expect(started.holds(relay.url, event.id)).resolves.toBe(true);
});

test.each([
  ["max_content_length", { max_content_length: 100 }],
  ["max_message_length", { max_message_length: 600 }],
])("what is longer than a relay's %s is not sent to it, once and for all", async (name, limits) => {
  relay.limits = limits;
  const started = await connectedPool();
  const long = gateway.sign({ kind: 31340, created_at: NOW, tags: [["d", "a"]], content: "x".repeat(500) });
  await expect(started.publish(relay.url, long)).resolves.toMatchObject({
    kind: "refused",
    final: true,
    message: expect.stringContaining(name) as unknown,
  });
  expect(relay.received).toEqual([]);
  await expect(started.publish(relay.url, ownEvent("b"))).resolves.toEqual({ kind: "accepted" });
});

test("a relay that refuses a REQ above its max_limit is read in pages of that size", async () => {
  relay.limits = { max_limit: 5 };
  const old = Array.from({ length: 23 }, (_, i) => intent(NOW - 1_500 + i));
  old.forEach((event) => relay.inject(event));
  const recording = recordingIngest();
  startPool(recording.ingest);
  await recording.until(() => recording.cursor === NOW - 1_500 + 22);
  expect(idsOf(recording)).toEqual(new Set(old.map((event) => event.id)));
});
