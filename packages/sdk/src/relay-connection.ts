import type { NostrEvent } from "./nostr-event.js";
import type { Signer } from "./signer.js";

/** The part of the WebSocket API that is used; browsers, Node >= 22 and `ws` all have it. */
export interface WebSocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(): void;
  addEventListener(type: "open" | "close" | "error", listener: () => void): void;
  addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
}
export type WebSocketConstructor = new (url: string) => WebSocketLike;

/** NIP-01 filter. */
export interface Filter {
  readonly kinds?: readonly number[] | undefined;
  readonly authors?: readonly string[] | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly since?: number | undefined;
  readonly [tag: `#${string}`]: readonly string[];
}

interface Subscription {
  /** Asked anew at every (re)connect, so that backfill starts where the last events came. */
  readonly filters: () => readonly Filter[];
  readonly onEvent: (event: NostrEvent) => void;
}

interface PendingPublish {
  readonly event: NostrEvent;
  readonly resolve: (verdict: PublishVerdict) => void;
}

/** What a relay said to an event; `unreachable` when it did not answer in time. */
export interface PublishVerdict {
  readonly url: string;
  readonly accepted: boolean;
  readonly message: string;
}

const OPEN = 1;
const AUTH_KIND = 22242;
const BACKOFF_MIN_MS = 250;
const BACKOFF_MAX_MS = 60_000;
const PING_MS = 30_000;

/** One relay: keeps connecting, asks its subscriptions again after every reconnect, sends events until it says OK. */
export class RelayConnection {
  readonly url: string;
  readonly #open: WebSocketConstructor;
  readonly #signer: Pick<Signer, "signEvent">;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #publishes = new Map<string, PendingPublish>();
  #socket: WebSocketLike | undefined;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #pingTimer: ReturnType<typeof setInterval> | undefined;
  #failures = 0;
  #heardSincePing = true;
  #isClosed = false;
  #authEventId: string | undefined;

  constructor(url: string, open: WebSocketConstructor, signer: Pick<Signer, "signEvent">) {
    this.url = url;
    this.#open = open;
    this.#signer = signer;
  }

  start(): void {
    if (this.#isClosed || this.#socket !== undefined) return;
    const socket = this.#tryOpen();
    if (socket === undefined) return this.#retryLater();
    this.#socket = socket;
    socket.addEventListener("open", () => this.#onOpen());
    socket.addEventListener("message", ({ data }) => this.#onMessage(String(data)));
    // An error is always followed by a close; without a listener `ws` would throw it.
    socket.addEventListener("error", () => undefined);
    socket.addEventListener("close", () => this.#onClose(socket));
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#pingTimer);
    this.#socket?.close();
    for (const { resolve } of this.#publishes.values()) resolve(this.#verdict(false, "closed"));
    this.#publishes.clear();
  }

  get isConnected(): boolean {
    return this.#socket?.readyState === OPEN;
  }

  subscribe(id: string, subscription: Subscription): void {
    this.#subscriptions.set(id, subscription);
    if (this.isConnected) this.#send(["REQ", id, ...subscription.filters()]);
  }

  unsubscribe(id: string): void {
    if (this.#subscriptions.delete(id) && this.isConnected) this.#send(["CLOSE", id]);
  }

  /** Sends the event now or at the next connect, until the relay answers or `timeoutMs` are over. */
  publish(event: NostrEvent, timeoutMs: number): Promise<PublishVerdict> {
    if (this.#isClosed) return Promise.resolve(this.#verdict(false, "closed"));
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#settle(event.id, false, "no answer in time"), timeoutMs);
      const settle = (verdict: PublishVerdict): void => {
        clearTimeout(timer);
        resolve(verdict);
      };
      this.#publishes.set(event.id, { event, resolve: settle });
      if (this.isConnected) this.#send(["EVENT", event]);
    });
  }

  #tryOpen(): WebSocketLike | undefined {
    try {
      return new this.#open(this.url);
    } catch {
      return undefined;
    }
  }

  #onOpen(): void {
    this.#failures = 0;
    this.#heardSincePing = true;
    this.#pingTimer = setInterval(() => this.#ping(), PING_MS);
    this.#askAll();
  }

  #askAll(): void {
    for (const [id, { filters }] of this.#subscriptions) this.#send(["REQ", id, ...filters()]);
    for (const { event } of this.#publishes.values()) this.#send(["EVENT", event]);
  }

  #onClose(socket: WebSocketLike): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    this.#authEventId = undefined;
    clearInterval(this.#pingTimer);
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    const backoffMs = Math.min(BACKOFF_MIN_MS * 2 ** this.#failures, BACKOFF_MAX_MS);
    this.#failures += 1;
    this.#retryTimer = setTimeout(() => this.start(), backoffMs * (1 + Math.random() / 4));
  }

  /** Browsers cannot send WebSocket pings, so an empty question is asked; a relay that stays silent is given up. */
  #ping(): void {
    if (!this.#heardSincePing) return this.#socket?.close();
    this.#heardSincePing = false;
    this.#send(["REQ", "ping", { ids: ["0".repeat(64)], limit: 1 }]);
  }

  #onMessage(text: string): void {
    this.#heardSincePing = true;
    const message = parseMessage(text);
    const [type, first, second, third] = message;
    if (type === "EVENT" && typeof first === "string" && isEvent(second)) {
      this.#subscriptions.get(first)?.onEvent(second);
    } else if (type === "EOSE" && first === "ping") {
      this.#send(["CLOSE", "ping"]);
    } else if (type === "OK" && typeof first === "string") {
      this.#onOk(first, second === true, typeof third === "string" ? third : "");
    } else if (type === "AUTH" && typeof first === "string") {
      void this.#authenticate(first);
    }
  }

  #onOk(eventId: string, isAccepted: boolean, message: string): void {
    if (eventId === this.#authEventId) {
      // What was refused for want of AUTH is asked again.
      if (isAccepted) this.#askAll();
      return;
    }
    if (!isAccepted && message.startsWith("auth-required:")) return;
    this.#settle(eventId, isAccepted || message.startsWith("duplicate:"), message);
  }

  #settle(eventId: string, isAccepted: boolean, message: string): void {
    const pending = this.#publishes.get(eventId);
    this.#publishes.delete(eventId);
    pending?.resolve(this.#verdict(isAccepted, message));
  }

  #verdict(accepted: boolean, message: string): PublishVerdict {
    return { url: this.url, accepted, message };
  }

  /** NIP-42. */
  async #authenticate(challenge: string): Promise<void> {
    const tags = [
      ["relay", this.url],
      ["challenge", challenge],
    ];
    try {
      const created_at = Math.floor(Date.now() / 1000);
      const event = await this.#signer.signEvent({ kind: AUTH_KIND, content: "", tags, created_at });
      this.#authEventId = event.id;
      this.#send(["AUTH", event]);
    } catch {
      // A signer that refuses leaves the relay unauthenticated; what needs it there times out with a verdict.
    }
  }

  #send(message: readonly unknown[]): void {
    if (this.isConnected) this.#socket?.send(JSON.stringify(message));
  }
}

function parseMessage(text: string): readonly unknown[] {
  try {
    const parsed: unknown = JSON.parse(text);
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}

function isEvent(value: unknown): value is NostrEvent {
  if (typeof value !== "object" || value === null) return false;
  const strings = ["id", "pubkey", "content", "sig"].every((key) => typeof Reflect.get(value, key) === "string");
  const tags: unknown = Reflect.get(value, "tags");
  const isTagList =
    Array.isArray(tags) && tags.every((tag) => Array.isArray(tag) && tag.every((t) => typeof t === "string"));
  return (
    strings &&
    isTagList &&
    Number.isInteger(Reflect.get(value, "kind")) &&
    Number.isInteger(Reflect.get(value, "created_at"))
  );
}
