import { setTimeout as delay } from "node:timers/promises";

import type { Clock } from "@arkrelay/core/ports/clock";
import type { GatewayIdentity, NostrEvent } from "@arkrelay/core/ports/nostr";

import type { PublishOutcome } from "./publish-outcome";
import { openRelayClient, type RelayClient } from "./relay-client";
import { fetchRelayLimits } from "./relay-info";
import { type RelayIngest, runRelayIngest } from "./relay-ingest";

export interface RelayTimings {
  readonly connectTimeoutMs: number;
  readonly answerTimeoutMs: number;
  readonly pingIntervalMs: number;
  readonly backoffMinMs: number;
  readonly backoffMaxMs: number;
  /** A connection that lasted this long was a good one: the next pause is the shortest again. */
  readonly stableAfterMs: number;
}

export const RELAY_TIMINGS: RelayTimings = {
  connectTimeoutMs: 5_000,
  answerTimeoutMs: 10_000,
  pingIntervalMs: 30_000,
  backoffMinMs: 1_000,
  backoffMaxMs: 60_000,
  stableAfterMs: 30_000,
};

/** What operators see; every call is cheap and must not throw. */
export interface RelayObserver {
  connected(url: string): void;
  disconnected(url: string, reason: string): void;
}

export interface RelayConnectionOptions {
  readonly url: string;
  readonly identity: GatewayIdentity;
  readonly clock: Clock;
  readonly observer: RelayObserver;
  /** 0..1, spreads reconnects of many processes. */
  readonly jitter: () => number;
  readonly timings: RelayTimings;
  /** Absent for a process that only publishes. */
  readonly ingest: RelayIngest | undefined;
}

export interface RelayConnectionStatus {
  readonly url: string;
  readonly connected: boolean;
  readonly lastConnectedAt: Date | undefined;
  /** When it last said anything, also on an earlier connection. */
  readonly lastHeardAt: Date | undefined;
  readonly lastError: string | undefined;
  readonly connections: number;
}

/** One relay, one socket at a time, reconnecting for as long as it is running. */
export class RelayConnection {
  private client: RelayClient | undefined;
  private readonly stopping = new AbortController();
  private loop: Promise<void> | undefined;
  private lastConnectedAt: Date | undefined;
  private lastHeardAt: Date | undefined;
  private lastError: string | undefined;
  private connections = 0;

  constructor(private readonly options: RelayConnectionOptions) {}

  start(): void {
    this.loop ??= this.run();
  }

  /** Resolves when the socket is gone and what it had delivered is stored. Safe twice and before start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.client?.close();
    await this.loop;
  }

  get status(): RelayConnectionStatus {
    const { client, lastConnectedAt, lastError, connections } = this;
    const lastHeardAt = client?.lastHeardAt ?? this.lastHeardAt;
    return {
      url: this.options.url,
      connected: client !== undefined,
      lastConnectedAt,
      lastHeardAt,
      lastError,
      connections,
    };
  }

  publish(event: NostrEvent): Promise<PublishOutcome> {
    return this.client?.publish(event) ?? Promise.resolve({ kind: "unanswered", message: "not connected" });
  }

  /** Whether the relay holds the event now. Rejects when it does not say. */
  async holds(eventId: string): Promise<boolean> {
    if (this.client === undefined) throw new Error("not connected");
    const events = await this.client.request({ ids: [eventId], limit: 1 });
    return events.some((raw) => typeof raw === "object" && raw !== null && "id" in raw && raw.id === eventId);
  }

  private async run(): Promise<void> {
    const { backoffMinMs, backoffMaxMs, stableAfterMs } = this.options.timings;
    let backoffMs = backoffMinMs;
    while (!this.stopping.signal.aborted) {
      const startedAt = performance.now();
      this.lastError = await this.connectOnce();
      this.options.observer.disconnected(this.options.url, this.lastError);
      if (performance.now() - startedAt >= stableAfterMs) backoffMs = backoffMinMs;
      // Half fixed, half random: many clients of a relay that came back do not all return in the same second.
      await this.pause(backoffMs * (0.5 + 0.5 * this.options.jitter()));
      backoffMs = Math.min(backoffMs * 2, backoffMaxMs);
    }
  }

  /** One connection from its opening to its end; the reason of the end. Never rejects. */
  private async connectOnce(): Promise<string> {
    const { url, ingest, timings } = this.options;
    try {
      const limits = await fetchRelayLimits(url, timings.connectTimeoutMs);
      const client = await openRelayClient({ ...this.options, ...timings, limits });
      try {
        this.enter(client);
        if (ingest !== undefined) await runRelayIngest(url, client, ingest);
        return await client.closed;
      } finally {
        client.close();
        this.lastHeardAt = client.lastHeardAt;
        this.client = undefined;
      }
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  private enter(client: RelayClient): void {
    // stop() may have come while the socket was opening; it closed nothing then.
    if (this.stopping.signal.aborted) client.close();
    this.client = client;
    this.connections += 1;
    this.lastConnectedAt = this.options.clock.now();
    this.options.observer.connected(this.options.url);
  }

  private async pause(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.stopping.signal });
    } catch {
      // Stopped while waiting.
    }
  }
}
