import { toAppError } from "@arkrelay/core/errors";
import { AuthorLimits } from "@arkrelay/core/nostr/author-limits";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { GatewayIdentity } from "@arkrelay/core/ports/nostr";
import type {
  NostrEventStore,
  NostrRelayStore,
  OutboxQueue,
  OutboxRow,
  OutboxResult,
} from "@arkrelay/core/ports/nostr-stores";
import type { Transactions } from "@arkrelay/core/ports/transactions";
import type { Waker } from "@arkrelay/core/ports/waker";
import type { NostrReportDetail } from "@arkrelay/core/service-report";
import { RELAY_TIMINGS, type RelayTimings } from "@arkrelay/nostr/relay-connection";
import { RelayPool } from "@arkrelay/nostr/relay-pool";
import type { NostrConfig } from "@arkrelay/runtime/config/nostr-section";
import type { Leadership } from "@arkrelay/runtime/lease-runner";
import type { Logger } from "@arkrelay/runtime/logger";
import type { Metrics } from "@arkrelay/runtime/metrics";

import type { Listener } from "../supervise-listener";
import { createNostrIngest, type IngestResult } from "./nostr-ingest";
import { OutboxRelayer } from "./outbox-relayer";

export interface NostrListenerDeps {
  readonly config: Pick<
    NostrConfig,
    | "relays"
    | "minRelayAcks"
    | "eventMaxAgeSeconds"
    | "eventMaxFutureSeconds"
    | "backfillOverlapSeconds"
    | "intentsPerMinute"
    | "requestsPerMinute"
  >;
  /** undefined = no key is configured: the listener refuses to run. */
  readonly identity: GatewayIdentity | undefined;
  readonly clock: Clock;
  readonly transactions: Transactions;
  readonly events: Pick<NostrEventStore, "insert">;
  readonly relays: NostrRelayStore;
  readonly outbox: OutboxQueue;
  readonly waker: Waker;
  readonly metrics: Pick<Metrics, "relayConnected" | "relayLag" | "outboxOldest" | "nostrEvents">;
  readonly log: Logger;
  /** Calls back whenever something was put into the outbox anywhere; returns how to end that. */
  readonly onOutboxWake: (wake: () => void) => () => void;
  readonly pollMs: number;
  readonly timings?: RelayTimings;
}

const RESPONSES_PER_MINUTE = 60;
/** How often gauges that nothing else moves are set. */
const GAUGE_PERIOD_MS = 5_000;

/** Reads all relays and publishes the outbox over one socket per relay. Nothing is decided here. */
export function createNostrListener(deps: NostrListenerDeps): Listener {
  let run: NostrRun | undefined;
  return {
    name: "nostr",
    async run(leadership) {
      if (deps.identity === undefined) throw new Error("no NOSTR_PRIVATE_KEY or GATEWAY_NOSTR_PRIVATE_KEY is set");
      run = new NostrRun(deps, deps.identity);
      try {
        await run.untilStopped(leadership);
      } finally {
        run = undefined;
      }
    },
    report: () => run?.report() ?? null,
  };
}

/** One stretch of leading: from opening the sockets to closing them. */
class NostrRun {
  private readonly pool: RelayPool;
  private readonly received = new Map<number, number>();
  private published = 0;
  private errors = 0;
  private readonly startedAt: Date;

  constructor(
    private readonly deps: NostrListenerDeps,
    private readonly identity: GatewayIdentity,
  ) {
    const { config, clock, timings } = deps;
    this.startedAt = clock.now();
    this.pool = new RelayPool({
      urls: config.relays,
      identity,
      clock,
      jitter: Math.random,
      timings: timings ?? RELAY_TIMINGS,
      observer: {
        connected: (url) => this.onConnected(url),
        disconnected: (url, reason) => this.onDisconnected(url, reason),
      },
      ingest: createNostrIngest({
        ...deps,
        pubkeys: identity.readablePubkeys,
        limits: new AuthorLimits({
          intentsPerMinute: config.intentsPerMinute,
          requestsPerMinute: config.requestsPerMinute,
          responsesPerMinute: RESPONSES_PER_MINUTE,
        }),
        maxAgeSeconds: config.eventMaxAgeSeconds,
        maxFutureSeconds: config.eventMaxFutureSeconds,
        overlapSeconds: config.backfillOverlapSeconds,
        count: (kind, result) => this.countReceived(kind, result),
      }),
    });
  }

  /** Ends when the signal fires, or rejects when the outbox cannot be read or written. */
  async untilStopped({ signal }: Leadership): Promise<void> {
    const failed = new AbortController();
    const ending = AbortSignal.any([signal, failed.signal]);
    const relayers = this.deps.config.relays.map((relay) => this.createRelayer(relay, ending));
    this.wakeRelayers = () => relayers.forEach((relayer) => relayer.wake());
    const offWake = this.deps.onOutboxWake(() => this.wakeRelayers());
    const gauges = setInterval(() => void this.setGauges(), GAUGE_PERIOD_MS);
    // At once, not after the sends: without a lease nothing may be under way for long, and a send whose socket is gone ends.
    ending.addEventListener("abort", () => void this.pool.stop(), { once: true });
    this.pool.start();
    const ends = await Promise.allSettled(relayers.map((relayer) => relayer.run().finally(() => failed.abort())));
    clearInterval(gauges);
    offWake();
    await this.pool.stop();
    for (const relay of this.deps.config.relays) this.deps.metrics.relayLag.remove({ relay });
    const rejected = ends.find((end) => end.status === "rejected");
    if (rejected !== undefined) throw toAppError(rejected.reason);
  }

  report(): NostrReportDetail {
    const now = this.deps.clock.now().getTime();
    const relays = this.pool.status.map(({ url, connected, lastHeardAt }) => ({
      url,
      connected,
      lastSeenAt: lastHeardAt?.toISOString() ?? null,
      lagSeconds: lastHeardAt === undefined ? null : Math.max(0, (now - lastHeardAt.getTime()) / 1000),
    }));
    return {
      gatewayPubkey: this.identity.pubkey,
      eventsReceived: [...this.received.values()].reduce((sum, n) => sum + n, 0),
      eventsPublished: this.published,
      errors: this.errors,
      connections: this.pool.status.reduce((sum, status) => sum + status.connections, 0),
      subscriptions: relays.filter((relay) => relay.connected).length,
      handlers: Object.fromEntries([...this.received].map(([kind, n]) => [String(kind), n])),
      relays,
    };
  }

  private wakeRelayers: () => void = () => undefined;

  private createRelayer(relay: string, signal: AbortSignal): OutboxRelayer {
    return new OutboxRelayer({
      relay,
      pool: this.pool,
      queue: this.deps.outbox,
      clock: this.deps.clock,
      pollMs: this.deps.pollMs,
      signal,
      onResult: (row, result) => this.countSent(row, result),
    });
  }

  private countReceived(kind: number | undefined, result: IngestResult): void {
    this.deps.metrics.nostrEvents.inc({ direction: "in", kind: kindLabel(kind), result });
    if (kind !== undefined && result === "stored") this.received.set(kind, (this.received.get(kind) ?? 0) + 1);
  }

  private countSent(row: OutboxRow, result: OutboxResult): void {
    const { metrics, log, outbox, config } = this.deps;
    metrics.nostrEvents.inc({ direction: "out", kind: kindLabel(row.event.kind), result: result.kind });
    if (result.kind === "parked") {
      this.errors += 1;
      log.error("a relay does not take an event of ours", {
        relay: row.relay,
        event_id: row.event.id,
        error: result.error,
      });
    }
    if (result.kind !== "done") return;
    // Counted once per event, by the relay whose word made the quorum.
    void outbox.countAcks(row.event.id).then(
      (acks) => (this.published += acks === config.minRelayAcks ? 1 : 0),
      (error: unknown) => log.warn("acknowledgements could not be counted", { error }),
    );
  }

  private onConnected(url: string): void {
    this.deps.metrics.relayConnected.set({ relay: url }, 1);
    this.deps.log.info("relay connected", { relay: url });
    this.wakeRelayers();
    this.note(this.deps.relays.noteConnected(url));
  }

  private onDisconnected(url: string, reason: string): void {
    this.errors += 1;
    this.deps.metrics.relayConnected.set({ relay: url }, 0);
    this.deps.log.warn("relay disconnected", { relay: url, reason });
    this.note(this.deps.relays.noteError(url, reason));
  }

  /** For rows that only inform: losing one changes nothing. */
  private note(writing: Promise<void>): void {
    writing.catch((error: unknown) => this.deps.log.warn("a relay's row could not be written", { error }));
  }

  private async setGauges(): Promise<void> {
    const { metrics, outbox, log } = this.deps;
    // A relay that never said anything has been silent since we began to listen.
    const sinceStart = (this.deps.clock.now().getTime() - this.startedAt.getTime()) / 1000;
    for (const { url, lagSeconds } of this.report().relays)
      metrics.relayLag.set({ relay: url }, lagSeconds ?? sinceStart);
    try {
      metrics.outboxOldest.set({ channel: "nostr" }, (await outbox.findOldestPendingSeconds()) ?? 0);
    } catch (error) {
      log.warn("the outbox's age could not be read", { error });
    }
  }
}

/** A stranger chooses the kind of what it sends; only kinds we know become label values. */
function kindLabel(kind: number | undefined): string {
  return kind === undefined ? "other" : String(kind);
}
