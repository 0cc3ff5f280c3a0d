import { type WebSocket, WebSocketServer } from "ws";
import { z } from "zod";

import type { NostrEvent } from "../nostr-event.js";
import { type ReceivedFilter, eventSchema, filterSchema, portOf } from "./test-server.js";

/** A relay for one test: keeps events in memory, answers OK, can drop its connections. */
export class FakeRelay {
  readonly events: NostrEvent[] = [];
  readonly #server: WebSocketServer;
  readonly #subscriptions = new Map<WebSocket, Map<string, ReceivedFilter[]>>();
  readonly #listeners = new Set<(event: NostrEvent) => void>();
  /** What the relay says to the next events. */
  refusal: string | undefined;

  private constructor(server: WebSocketServer) {
    this.#server = server;
    server.on("connection", (socket) => {
      this.#subscriptions.set(socket, new Map());
      socket.on("message", (data: Buffer) => this.#onMessage(socket, data.toString("utf8")));
      socket.on("close", () => this.#subscriptions.delete(socket));
    });
  }

  static start(): Promise<FakeRelay> {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    return new Promise((resolve) => server.on("listening", () => resolve(new FakeRelay(server))));
  }

  get url(): string {
    return `ws://127.0.0.1:${portOf(this.#server)}`;
  }

  onEvent(listener: (event: NostrEvent) => void): void {
    this.#listeners.add(listener);
  }

  /** Publishes as if another client had. */
  push(event: NostrEvent): void {
    this.events.push(event);
    for (const [socket, subscriptions] of this.#subscriptions) {
      for (const [id, filters] of subscriptions) if (matches(filters, event)) send(socket, ["EVENT", id, event]);
    }
  }

  dropConnections(): void {
    for (const socket of this.#subscriptions.keys()) socket.terminate();
  }

  stop(): Promise<void> {
    this.dropConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }

  #onMessage(socket: WebSocket, text: string): void {
    const [type, first, ...rest] = z.array(z.unknown()).parse(JSON.parse(text));
    if (type === "REQ") this.#onReq(socket, String(first), z.array(filterSchema).parse(rest));
    if (type === "CLOSE") this.#subscriptions.get(socket)?.delete(String(first));
    if (type === "EVENT") this.#onPublish(socket, eventSchema.parse(first));
  }

  #onReq(socket: WebSocket, id: string, filters: ReceivedFilter[]): void {
    this.#subscriptions.get(socket)?.set(id, filters);
    for (const event of this.events) if (matches(filters, event)) send(socket, ["EVENT", id, event]);
    send(socket, ["EOSE", id]);
  }

  #onPublish(socket: WebSocket, event: NostrEvent): void {
    if (this.refusal !== undefined) return send(socket, ["OK", event.id, false, this.refusal]);
    send(socket, ["OK", event.id, true, ""]);
    this.push(event);
    for (const listener of this.#listeners) listener(event);
  }
}

function send(socket: WebSocket, message: unknown[]): void {
  socket.send(JSON.stringify(message));
}

function matches(filters: readonly ReceivedFilter[], event: NostrEvent): boolean {
  return filters.some((filter) => {
    const isTagged = Object.entries(filter).every(
      ([key, wanted]) =>
        !key.startsWith("#") ||
        event.tags.some(([name, value]) => `#${name}` === key && z.array(z.unknown()).parse(wanted).includes(value)),
    );
    return (
      isTagged &&
      (filter.kinds?.includes(event.kind) ?? true) &&
      (filter.authors?.includes(event.pubkey) ?? true) &&
      (filter.ids?.includes(event.id) ?? true) &&
      event.created_at >= (filter.since ?? 0)
    );
  });
}
