import type { GatewayIdentity, NostrEvent } from "@arkrelay/core/ports/nostr";

import { messagePrefix, type PublishOutcome, toPublishOutcome } from "./publish-outcome";
import { findExceededLimit, type RelayLimits } from "./relay-info";
import type { RelayFilter, RelayMessage } from "./relay-message";
import { connectRelaySocket, type RelaySocket, type RelaySocketOptions } from "./relay-socket";

export interface RelayClientOptions extends RelaySocketOptions {
  readonly url: string;
  /** Answers NIP-42 challenges. */
  readonly identity: GatewayIdentity;
  /** How long an OK or an EOSE may take. */
  readonly answerTimeoutMs: number;
  readonly limits: RelayLimits;
}

/** The conversation over one socket; it ends with the socket. */
export interface RelayClient {
  /** Sends the event and waits for its OK. Never rejects. */
  publish(event: NostrEvent): Promise<PublishOutcome>;
  /** The stored events of one REQ, newest first as relays send them. Rejects when it is refused or unanswered. */
  request(filter: RelayFilter): Promise<readonly unknown[]>;
  /** A REQ that stays open. A relay that closes it loses the socket: a fresh connection subscribes and backfills again. */
  subscribe(filter: RelayFilter, onEvent: (event: unknown) => void, onEose: () => void): void;
  pause(): void;
  resume(): void;
  close(): void;
  readonly lastHeardAt: Date | undefined;
  readonly closed: Promise<string>;
}

/** NIP-42 client authentication. */
const AUTH_KIND = 22242;

interface Subscription {
  readonly filter: RelayFilter;
  readonly onEvent: (event: unknown) => void;
  readonly onEose: () => void;
  readonly onClosed: (message: string) => void;
  /** Opened a second time after authentication; a relay that still refuses is not asked a third time. */
  retried: boolean;
}

export async function openRelayClient(options: RelayClientOptions): Promise<RelayClient> {
  const client = new SocketClient(options);
  await client.opened();
  return client;
}

class SocketClient implements RelayClient {
  private readonly socket: RelaySocket;
  private readonly subscriptions = new Map<string, Subscription>();
  private readonly awaitedOks = new Map<string, Set<(outcome: PublishOutcome) => void>>();
  private subscriptionCount = 0;
  /** Set once the socket is gone: what is asked afterwards has its answer at once instead of waiting for one. */
  private endReason: string | undefined;
  private authentication: Promise<boolean> | undefined;

  constructor(private readonly options: RelayClientOptions) {
    this.socket = connectRelaySocket(options.url, options, (message) => this.take(message));
    void this.socket.closed.then((reason) => this.abandon(reason));
  }

  opened(): Promise<void> {
    return this.socket.opened;
  }

  get closed(): Promise<string> {
    return this.socket.closed;
  }

  get lastHeardAt(): Date | undefined {
    return this.socket.lastHeardAt;
  }

  async publish(event: NostrEvent): Promise<PublishOutcome> {
    const frame = JSON.stringify(["EVENT", event]);
    const exceeded = findExceededLimit(this.options.limits, Buffer.byteLength(frame), event.content.length);
    if (exceeded !== undefined) return { kind: "refused", final: true, message: exceeded };
    const outcome = await this.sendForOk("EVENT", event);
    const mustAuthenticate = outcome.kind === "refused" && messagePrefix(outcome.message) === "auth-required";
    return mustAuthenticate && (await this.isAuthenticated()) ? await this.sendForOk("EVENT", event) : outcome;
  }

  request(asked: RelayFilter): Promise<readonly unknown[]> {
    // Some relays refuse a REQ for more than they give, instead of giving what they do.
    const { maxLimit = Infinity } = this.options.limits;
    const filter = asked.limit === undefined ? asked : { ...asked, limit: Math.min(asked.limit, maxLimit) };
    const events: unknown[] = [];
    // A relay that ignores `limit` must not fill our memory.
    const eventsMax = (filter.limit ?? 500) * 2;
    return new Promise((resolve, reject) => {
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.unsubscribe(id);
        settle();
      };
      const id = this.openSubscription({
        filter,
        retried: false,
        onEvent: (event) => void (events.length < eventsMax && events.push(event)),
        onEose: () => finish(() => resolve(events)),
        onClosed: (message) => finish(() => reject(new Error(`REQ refused: ${message}`))),
      });
      const unanswered = (): void => finish(() => reject(new Error("REQ unanswered")));
      const timer = setTimeout(unanswered, this.options.answerTimeoutMs);
    });
  }

  subscribe(filter: RelayFilter, onEvent: (event: unknown) => void, onEose: () => void): void {
    this.openSubscription({ filter, onEvent, onEose, retried: false, onClosed: () => this.close() });
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  close(): void {
    this.socket.close();
  }

  private take(message: RelayMessage): void {
    switch (message.kind) {
      case "event":
        return this.subscriptions.get(message.subscription)?.onEvent(message.event);
      case "eose":
        return this.subscriptions.get(message.subscription)?.onEose();
      case "ok":
        return this.settleOk(message.eventId, toPublishOutcome(message.accepted, message.message));
      case "closed":
        return void this.takeClosed(message.subscription, message.message);
      case "auth":
        this.authentication = this.authenticate(message.challenge);
        return;
      case "notice":
        return;
    }
  }

  private openSubscription(subscription: Subscription): string {
    this.subscriptionCount += 1;
    const id = `s${this.subscriptionCount}`;
    const { endReason } = this;
    if (endReason === undefined) {
      this.subscriptions.set(id, subscription);
      this.socket.send(["REQ", id, subscription.filter]);
    } else {
      queueMicrotask(() => subscription.onClosed(endReason));
    }
    return id;
  }

  private unsubscribe(id: string): void {
    if (this.subscriptions.delete(id)) this.socket.send(["CLOSE", id]);
  }

  private async takeClosed(id: string, message: string): Promise<void> {
    const subscription = this.subscriptions.get(id);
    if (subscription === undefined) return;
    const mayRetry = messagePrefix(message) === "auth-required" && !subscription.retried;
    if (mayRetry && (await this.isAuthenticated())) {
      subscription.retried = true;
      this.socket.send(["REQ", id, subscription.filter]);
      return;
    }
    this.subscriptions.delete(id);
    subscription.onClosed(message);
  }

  private async authenticate(challenge: string): Promise<boolean> {
    const { identity, clock, url } = this.options;
    const event = identity.sign({
      kind: AUTH_KIND,
      created_at: Math.floor(clock.now().getTime() / 1000),
      tags: [
        ["relay", url],
        ["challenge", challenge],
      ],
      content: "",
    });
    const outcome = await this.sendForOk("AUTH", event);
    return outcome.kind === "accepted";
  }

  private async isAuthenticated(): Promise<boolean> {
    return (await this.authentication) ?? false;
  }

  private sendForOk(verb: "EVENT" | "AUTH", event: NostrEvent): Promise<PublishOutcome> {
    if (this.endReason !== undefined) return Promise.resolve({ kind: "unanswered", message: this.endReason });
    return new Promise((resolve) => {
      const settle = (outcome: PublishOutcome): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      const unanswered = (): void => {
        this.awaitedOks.get(event.id)?.delete(settle);
        resolve({ kind: "unanswered", message: "no OK in time" });
      };
      const timer = setTimeout(unanswered, this.options.answerTimeoutMs);
      const waiting = this.awaitedOks.get(event.id) ?? new Set();
      this.awaitedOks.set(event.id, waiting.add(settle));
      this.socket.send([verb, event]);
    });
  }

  private settleOk(eventId: string, outcome: PublishOutcome): void {
    const waiting = this.awaitedOks.get(eventId);
    this.awaitedOks.delete(eventId);
    for (const settle of waiting ?? []) settle(outcome);
  }

  private abandon(reason: string): void {
    this.endReason = reason;
    for (const eventId of this.awaitedOks.keys()) this.settleOk(eventId, { kind: "unanswered", message: reason });
    const open = [...this.subscriptions.values()];
    this.subscriptions.clear();
    for (const subscription of open) subscription.onClosed(reason);
  }
}
