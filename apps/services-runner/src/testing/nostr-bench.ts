import type { Clock } from "@arkrelay/core/ports/clock";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import type { Wake } from "@arkrelay/core/ports/waker";
import { DrizzleNostrEventStore } from "@arkrelay/db/stores/nostr-event-store";
import { DrizzleNostrOutbox, DrizzleOutboxQueue } from "@arkrelay/db/stores/nostr-outbox-store";
import { DrizzleNostrRelayStore } from "@arkrelay/db/stores/nostr-relay-store";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";
import { createGatewayIdentity } from "@arkrelay/nostr/gateway-identity";
import { startTestRelay, type TestRelay } from "@arkrelay/nostr/testing/test-relay";
import { createLogger } from "@arkrelay/runtime/logger";
import { createMetrics } from "@arkrelay/runtime/metrics";

import { createNostrListener, type NostrListenerDeps } from "../nostr/nostr-listener";
import type { Listener } from "../supervise-listener";

export const gateway = createGatewayIdentity(new Uint8Array(Buffer.from("41".repeat(32), "hex")));
export const wallet = createGatewayIdentity(new Uint8Array(Buffer.from("42".repeat(32), "hex")));

const TIMINGS = {
  connectTimeoutMs: 1_000,
  answerTimeoutMs: 5_000,
  pingIntervalMs: 30_000,
  backoffMinMs: 5,
  backoffMaxMs: 20,
  stableAfterMs: 60_000,
};

const CONFIG = {
  minRelayAcks: 2,
  eventMaxAgeSeconds: 900,
  eventMaxFutureSeconds: 120,
  backfillOverlapSeconds: 900,
  intentsPerMinute: 30,
  requestsPerMinute: 10,
};

/** One process's listener, as long as it runs. */
export interface RunningListener {
  readonly listener: Listener;
  stop(): Promise<void>;
}

/** A database, two relays and any number of listener processes over them. */
export interface NostrBench {
  readonly relays: readonly [TestRelay, TestRelay];
  readonly events: DrizzleNostrEventStore;
  readonly outbox: DrizzleNostrOutbox;
  readonly queue: DrizzleOutboxQueue;
  readonly relayRows: DrizzleNostrRelayStore;
  /** All wakes of all listeners, in order. */
  readonly wakes: Wake[];
  /** Added to the real time by every listener's clock. */
  skewMs: number;
  start(overrides?: Partial<NostrListenerDeps>): RunningListener;
  /** A listener that somebody else runs, under a lease for example. */
  create(overrides?: Partial<NostrListenerDeps>): Listener;
  close(): Promise<void>;
}

export async function openNostrBench(testDatabase: TestDatabase): Promise<NostrBench> {
  const relays = [await startTestRelay(), await startTestRelay()] as const;
  const { database } = testDatabase;
  const running = new Set<RunningListener>();
  const clock: Clock = { now: () => new Date(Date.now() + bench.skewMs) };
  const bench: NostrBench = {
    relays,
    events: new DrizzleNostrEventStore(database),
    outbox: new DrizzleNostrOutbox({ relays: relays.map((relay) => relay.url) }),
    queue: new DrizzleOutboxQueue(database),
    relayRows: new DrizzleNostrRelayStore(database),
    wakes: [],
    skewMs: 0,
    create: (overrides = {}) =>
      createNostrListener({
        config: { ...CONFIG, relays: relays.map((relay) => relay.url) },
        identity: gateway,
        clock,
        transactions: database.transactions,
        events: bench.events,
        relays: bench.relayRows,
        outbox: bench.queue,
        waker: { wake: (wakes) => Promise.resolve(void bench.wakes.push(...wakes)) },
        metrics: createMetrics(),
        log: createLogger({ service: "test", level: "error" }),
        onOutboxWake: () => () => undefined,
        pollMs: 10,
        timings: TIMINGS,
        ...overrides,
      }),
    start(overrides = {}) {
      const listener = bench.create(overrides);
      const abort = new AbortController();
      const ended = listener.run({ token: 1, signal: abort.signal });
      const handle: RunningListener = {
        listener,
        stop: async () => {
          running.delete(handle);
          abort.abort();
          await ended;
        },
      };
      running.add(handle);
      return handle;
    },
    async close() {
      for (const handle of running) await handle.stop();
      for (const relay of relays) await relay.close();
    },
  };
  return bench;
}

export const nowSeconds = (): number => Math.floor(Date.now() / 1000);

let serial = 0;

export function anIntent(change: { createdAt?: number; expiresAt?: number; p?: string } = {}): NostrEvent {
  serial += 1;
  const actionId = `action-${serial.toString().padStart(4, "0")}`;
  const content = {
    action_id: actionId,
    type: "p2p_transfer",
    params: {},
    expires_at: change.expiresAt ?? nowSeconds() + 3_600,
  };
  return wallet.sign({
    kind: 31510,
    created_at: change.createdAt ?? nowSeconds(),
    tags: [
      ["d", actionId],
      ["p", change.p ?? gateway.pubkey],
    ],
    content: JSON.stringify(content),
  });
}

/** A 31511 that expires (NIP-40) at `expiration`, unix seconds. */
export function aChallenge(expiration: number): NostrEvent {
  const tags = [
    ["d", `session-${serial++}:1`],
    ["p", wallet.pubkey],
    ["expiration", String(expiration)],
  ];
  return gateway.sign({ kind: 31511, created_at: nowSeconds(), tags, content: "sealed" });
}

export function aConfirmation(d = `result-${serial++}`): NostrEvent {
  return gateway.sign({ kind: 31340, created_at: nowSeconds(), tags: [["d", d]], content: String(serial++) });
}
