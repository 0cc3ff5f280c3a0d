import type { NostrEvent } from "@arkrelay/core/ports/nostr";

import type { PublishOutcome } from "./publish-outcome";
import { RelayConnection, type RelayConnectionOptions, type RelayConnectionStatus } from "./relay-connection";

export interface RelayPoolOptions extends Omit<RelayConnectionOptions, "url"> {
  readonly urls: readonly string[];
}

/** All configured relays: one socket each, for reading and publishing. */
export class RelayPool {
  private readonly connections: ReadonlyMap<string, RelayConnection>;

  constructor(options: RelayPoolOptions) {
    this.connections = new Map(options.urls.map((url) => [url, new RelayConnection({ ...options, url })]));
  }

  start(): void {
    for (const connection of this.connections.values()) connection.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.connections.values()].map((connection) => connection.stop()));
  }

  get status(): readonly RelayConnectionStatus[] {
    return [...this.connections.values()].map((connection) => connection.status);
  }

  isConnected(url: string): boolean {
    return this.connections.get(url)?.status.connected ?? false;
  }

  /** Sends the event to one relay and waits for its answer. Never rejects; an unknown relay counts as unanswered. */
  publish(url: string, event: NostrEvent): Promise<PublishOutcome> {
    const connection = this.connections.get(url);
    return connection?.publish(event) ?? Promise.resolve({ kind: "unanswered", message: "relay not configured" });
  }

  /** Whether the relay holds the event now. Rejects when it does not say. */
  async holds(url: string, eventId: string): Promise<boolean> {
    const connection = this.connections.get(url);
    if (connection === undefined) throw new Error("relay not configured");
    return connection.holds(eventId);
  }
}
