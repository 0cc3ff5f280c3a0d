import { createServer, type Server } from "node:http";

import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";

import { verifyEvent } from "@arkrelay/core/nostr/event-id";
import { findTag, parseNostrEvent } from "@arkrelay/core/nostr/nostr-event";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";

import type { RelayFilter } from "../relay-message";

/** Stated in the NIP-11 document and kept to: what is beyond them is refused. */
export interface TestRelayLimits {
  readonly max_content_length?: number;
  readonly max_message_length?: number;
  readonly max_limit?: number;
}

/** What a relay can do wrong. Each switch holds until it is taken back. */
export interface RelayFaults {
  /** Takes EVENT messages without storing or answering them. */
  dropEvents: boolean;
  /** Stores the event and loses the OK. */
  loseOks: boolean;
  /** Answers EVENT with OK false and this message; the event is not stored. */
  refuseWith: string | undefined;
  /** Claims to have the event already, as relays do for superseded ones, and does not store it. */
  claimDuplicate: boolean;
  /** Wants NIP-42 authentication before it takes or shows anything. */
  requireAuth: boolean;
  /** Delivers every event twice, and newest last. */
  stutter: boolean;
  /** Delivers, before each event, the same one with a content of its own invention. */
  forge: boolean;
  /** Caps every page below what was asked for, as relays do. */
  pageSizeMax: number;
}

export interface TestRelay {
  readonly url: string;
  readonly faults: RelayFaults;
  limits: TestRelayLimits;
  /** What it holds now, oldest first. */
  readonly stored: readonly NostrEvent[];
  /** Every EVENT frame it was sent, in order, duplicates included. */
  readonly received: readonly NostrEvent[];
  /** REQs it was sent. */
  readonly requests: readonly RelayFilter[];
  /** Puts an event in and sends it to matching subscriptions, as if another client had published it. */
  inject(event: NostrEvent): void;
  /** Resolves as soon as the condition holds; it is looked at after every message. */
  until(condition: () => boolean): Promise<void>;
  /** Cuts every open socket; clients may come back. */
  disconnectAll(): void;
  close(): Promise<void>;
}

interface Peer {
  readonly socket: WebSocket;
  readonly subscriptions: Map<string, readonly RelayFilter[]>;
  /** What it was asked to sign. */
  readonly challenge: string;
  isAuthenticated: boolean;
}

/** A NIP-01 relay in memory on a free port, with addressable replacement and fault switches. For tests only. */
export async function startTestRelay(port = 0): Promise<TestRelay> {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  await new Promise<void>((resolve) => http.listen(port, "127.0.0.1", resolve));
  const relay = new MemoryRelay(http, server);
  server.on("connection", (socket) => relay.welcome(socket));
  http.on("request", (_req, res) => {
    res.writeHead(200, { "content-type": "application/nostr+json" });
    res.end(JSON.stringify({ limitation: relay.limits }));
  });
  return relay;
}

const texts = z.array(z.string()).optional();
const integer = z.int().optional();
const filterSchema: z.ZodType<RelayFilter> = z.strictObject({
  ids: texts,
  kinds: z.array(z.int()).optional(),
  authors: texts,
  "#p": texts,
  since: integer,
  until: integer,
  limit: integer,
});

/** NIP-42. */
const AUTH_KIND = 22242;

class MemoryRelay implements TestRelay {
  readonly url: string;
  readonly faults: RelayFaults = {
    dropEvents: false,
    loseOks: false,
    refuseWith: undefined,
    claimDuplicate: false,
    requireAuth: false,
    stutter: false,
    forge: false,
    pageSizeMax: 500,
  };
  limits: TestRelayLimits = {};
  stored: NostrEvent[] = [];
  readonly received: NostrEvent[] = [];
  readonly requests: RelayFilter[] = [];
  private readonly peers = new Set<Peer>();
  private waiters: { condition: () => boolean; resolve: () => void }[] = [];

  private connections = 0;

  constructor(
    private readonly http: Server,
    private readonly server: WebSocketServer,
  ) {
    const address = http.address();
    this.url = `ws://127.0.0.1:${typeof address === "object" ? address?.port : address}`;
  }

  welcome(socket: WebSocket): void {
    this.connections += 1;
    const challenge = `prove-it-${this.connections}`;
    const peer: Peer = { socket, subscriptions: new Map(), challenge, isAuthenticated: false };
    this.peers.add(peer);
    socket.once("close", () => this.peers.delete(peer));
    if (this.faults.requireAuth) send(peer, ["AUTH", challenge]);
    socket.on("message", (data: Buffer) => {
      this.take(peer, z.array(z.unknown()).parse(JSON.parse(data.toString("utf8"))));
      this.look();
    });
    this.look();
  }

  inject(event: NostrEvent): void {
    this.keep(event);
    this.look();
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.waiters.push({ condition, resolve }));
  }

  disconnectAll(): void {
    for (const peer of this.peers) peer.socket.terminate();
  }

  async close(): Promise<void> {
    this.disconnectAll();
    this.server.close();
    await new Promise((resolve) => this.http.close(resolve));
  }

  private look(): void {
    const due = this.waiters.filter((waiter) => waiter.condition());
    this.waiters = this.waiters.filter((waiter) => !due.includes(waiter));
    for (const waiter of due) waiter.resolve();
  }

  private take(peer: Peer, message: unknown[]): void {
    const [type, first, ...rest] = message;
    if (type === "AUTH") {
      this.takeAuth(peer, parseNostrEvent(first));
    } else if (type === "EVENT") {
      this.takeEvent(peer, parseNostrEvent(first));
    } else if (type === "REQ" && typeof first === "string") {
      this.takeRequest(peer, first, z.array(filterSchema).parse(rest));
    } else if (type === "CLOSE" && typeof first === "string") {
      peer.subscriptions.delete(first);
    }
  }

  private takeAuth(peer: Peer, event: NostrEvent | undefined): void {
    if (event === undefined) return;
    const isProof =
      event.kind === AUTH_KIND &&
      findTag(event, "challenge") === peer.challenge &&
      findTag(event, "relay") === this.url &&
      verifyEvent(event);
    peer.isAuthenticated ||= isProof;
    send(peer, ["OK", event.id, isProof, isProof ? "" : "invalid: no proof"]);
  }

  /** True when it was asked for a proof; the challenge comes before the refusal, as NIP-42 wants it. */
  private demandsAuth(peer: Peer): boolean {
    if (!this.faults.requireAuth || peer.isAuthenticated) return false;
    send(peer, ["AUTH", peer.challenge]);
    return true;
  }

  private takeEvent(peer: Peer, event: NostrEvent | undefined): void {
    if (event === undefined) return;
    this.received.push(event);
    if (this.faults.dropEvents) return;
    const refusal = this.demandsAuth(peer) ? "auth-required: who are you" : this.faults.refuseWith;
    if (refusal !== undefined) return send(peer, ["OK", event.id, false, refusal]);
    const isKnown = this.faults.claimDuplicate || !this.keep(event);
    if (!this.faults.loseOks) send(peer, ["OK", event.id, true, isKnown ? "duplicate: already have this event" : ""]);
  }

  private takeRequest(peer: Peer, id: string, filters: readonly RelayFilter[]): void {
    this.requests.push(...filters);
    if (this.demandsAuth(peer)) return send(peer, ["CLOSED", id, "auth-required: who are you"]);
    const { max_limit: limitMax = Infinity } = this.limits;
    if (filters.some(({ limit = 0 }) => limit > limitMax)) return send(peer, ["CLOSED", id, "invalid: limit too high"]);
    peer.subscriptions.set(id, filters);
    const found = this.select(filters);
    for (const event of this.faults.stutter ? found.toReversed() : found) this.deliver(peer, id, event);
    send(peer, ["EOSE", id]);
  }

  private deliver(peer: Peer, id: string, event: NostrEvent): void {
    if (this.faults.forge) send(peer, ["EVENT", id, { ...event, content: `${event.content} ` }]);
    send(peer, ["EVENT", id, event]);
    if (this.faults.stutter) send(peer, ["EVENT", id, event]);
  }

  private select(filters: readonly RelayFilter[]): NostrEvent[] {
    const newestFirst = [...this.stored].sort((a, b) => b.created_at - a.created_at || a.id.localeCompare(b.id));
    const limit = Math.min(this.faults.pageSizeMax, ...filters.map((filter) => filter.limit ?? Infinity));
    return newestFirst.filter((event) => matchesAny(filters, event)).slice(0, limit);
  }

  /** False when it was dropped: known, or older than what holds its place (NIP-01, addressable events). */
  private keep(event: NostrEvent): boolean {
    const rival = this.stored.find((other) => isSamePlace(event, other));
    if (rival !== undefined && !isNewer(event, rival)) return false;
    this.stored = [...this.stored.filter((other) => other !== rival), event];
    for (const peer of this.peers) {
      for (const [id, filters] of peer.subscriptions) {
        if (matchesAny(filters, event)) this.deliver(peer, id, event);
      }
    }
    return true;
  }
}

function isSamePlace(a: NostrEvent, b: NostrEvent): boolean {
  if (a.id === b.id) return true;
  const isAddressable = a.kind >= 30_000 && a.kind < 40_000;
  return isAddressable && a.kind === b.kind && a.pubkey === b.pubkey && dOf(a) === dOf(b);
}

function isNewer(event: NostrEvent, rival: NostrEvent): boolean {
  return event.created_at > rival.created_at || (event.created_at === rival.created_at && event.id < rival.id);
}

function dOf(event: NostrEvent): string {
  return event.tags.find((tag) => tag[0] === "d")?.[1] ?? "";
}

function matchesAny(filters: readonly RelayFilter[], event: NostrEvent): boolean {
  return filters.some((filter) => matches(filter, event));
}

function matches(filter: RelayFilter, event: NostrEvent): boolean {
  const recipients = event.tags.flatMap((tag) => (tag[0] === "p" && tag[1] !== undefined ? [tag[1]] : []));
  return (
    (filter.ids?.includes(event.id) ?? true) &&
    (filter.kinds?.includes(event.kind) ?? true) &&
    (filter.authors?.includes(event.pubkey) ?? true) &&
    (filter["#p"]?.some((pubkey) => recipients.includes(pubkey)) ?? true) &&
    event.created_at >= (filter.since ?? 0) &&
    event.created_at <= (filter.until ?? Infinity)
  );
}

function send(peer: Peer, message: readonly unknown[]): void {
  peer.socket.send(JSON.stringify(message));
}
