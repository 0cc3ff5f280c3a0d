import { z } from "zod";

import type { Fault } from "../faults/fault";
import type { FaultBook } from "../faults/fault-book";
import { FaultyDelivery } from "../faults/faulty-delivery";
import type { EventLog } from "./event-log";
import { isExpired } from "./event-store";
import { NostrEvent, authenticityProblem, isEphemeral, tagValue } from "./nostr-event";
import { type NostrFilter, matchesFilter, parseFilter } from "./nostr-filter";
import { RELAY_LIMITS } from "./relay-limits";

export interface RelaySessionDeps {
  readonly log: EventLog;
  readonly faults: FaultBook;
  /** Real time, not devnet's clock: events are signed and dated by real wallets. */
  readonly nowSeconds: () => number;
  readonly isAuthRequired: boolean;
  readonly challenge: string;
  readonly send: (text: string) => void;
  /** Breaks the connection. */
  readonly cut: () => void;
  /** Tells every session of an accepted event. */
  readonly broadcast: (event: NostrEvent) => void;
}

const ClientMessage = z.array(z.unknown()).min(2);
const AUTH_KIND = 22_242;
const AUTH_AGE_MAX_SECONDS = 600;

/** One client's connection: its subscriptions, its NIP-42 state, and the faults that strike it. */
export class RelaySession {
  readonly #subscriptions = new Map<string, readonly NostrFilter[]>();
  readonly #deliveries = new Map<string, FaultyDelivery<NostrEvent>>();
  #isAuthenticated = false;

  constructor(private readonly deps: RelaySessionDeps) {
    if (deps.isAuthRequired) this.#send("AUTH", deps.challenge);
  }

  get subscriptionIds(): readonly string[] {
    return [...this.#subscriptions.keys()];
  }

  async receive(text: string): Promise<void> {
    const message = parseMessage(text);
    if (message === undefined)
      return this.#send("NOTICE", "invalid: a message is a JSON array with a type and its arguments");
    const [type, ...args] = message;
    const { faults } = this.deps;
    const name = typeof type === "string" ? type : "";
    if (faults.take("relay", name, "stall") !== undefined) return;
    const delay = faults.take("relay", name, "delay");
    if (delay !== undefined) await new Promise((resolve) => setTimeout(resolve, delay.delayMs ?? 0));
    if (faults.take("relay", name, "cut_stream") !== undefined) return this.deps.cut();
    const failure = faults.take("relay", name, "error_before");
    switch (name) {
      case "EVENT":
        return this.#onEvent(args[0], failure);
      case "REQ":
        return this.#onReq(args[0], args.slice(1), failure);
      case "CLOSE":
        return this.#onClose(args[0]);
      case "AUTH":
        return this.#onAuth(args[0]);
      default:
        return this.#send("NOTICE", `invalid: unknown message type ${JSON.stringify(type)}`);
    }
  }

  /** Sends an event to every subscription it matches. */
  deliver(event: NostrEvent): void {
    for (const [id, filters] of this.#subscriptions) {
      if (filters.some((filter) => matchesFilter(filter, event))) this.#deliveries.get(id)?.deliver(event);
    }
  }

  close(): void {
    for (const delivery of this.#deliveries.values()) delivery.close();
    this.#subscriptions.clear();
  }

  #onEvent(raw: unknown, failure: Fault | undefined): void {
    const parsed = NostrEvent.safeParse(raw);
    if (!parsed.success) return this.#refuseShape(raw, parsed.error);
    const event = parsed.data;
    if (failure !== undefined) return this.#send("OK", event.id, false, `error: ${failure.code ?? "injected fault"}`);
    const [accepted, message] = this.#accept(event);
    if (this.deps.faults.take("relay", "EVENT", "lose_reply") === undefined)
      this.#send("OK", event.id, accepted, message);
  }

  /** Without an id there is nothing an OK could refer to. */
  #refuseShape(raw: unknown, error: z.ZodError): void {
    const id = z.object({ id: z.string() }).safeParse(raw);
    const [issue] = error.issues;
    const why = `invalid: ${issue === undefined ? "malformed event" : `${issue.path.join(".")} ${issue.message}`}`;
    if (id.success) this.#send("OK", id.data.id, false, why);
    else this.#send("NOTICE", why);
  }

  #accept(event: NostrEvent): [boolean, string] {
    const problem = this.#problemOf(event);
    if (problem !== undefined) return [false, problem];
    if (isEphemeral(event.kind)) {
      this.deps.broadcast(event);
      return [true, ""];
    }
    switch (this.deps.log.insert(event)) {
      case "known":
        return [true, "duplicate: already have this event"];
      // True although it is not stored: relays in the field answer so, and publishers have to cope.
      case "superseded":
        return [true, "duplicate: a newer event takes its place"];
      default:
        this.deps.broadcast(event);
        return [true, ""];
    }
  }

  #problemOf(event: NostrEvent): string | undefined {
    const now = this.deps.nowSeconds();
    if (this.deps.isAuthRequired && !this.#isAuthenticated) return "auth-required: authenticate with NIP-42 first";
    if (event.tags.length > RELAY_LIMITS.max_event_tags)
      return `invalid: more than ${RELAY_LIMITS.max_event_tags} tags`;
    if (event.content.length > RELAY_LIMITS.max_content_length) return "invalid: the content is too long";
    if (event.created_at > now + RELAY_LIMITS.created_at_upper_limit)
      return "invalid: created_at is too far in the future";
    if (isExpired(event, now)) return "invalid: the event has expired";
    return authenticityProblem(event);
  }

  #onReq(id: unknown, rawFilters: readonly unknown[], failure: Fault | undefined): void {
    if (typeof id !== "string" || id === "" || id.length > RELAY_LIMITS.max_subid_length) {
      return this.#send("NOTICE", `invalid: a subscription id has 1 to ${RELAY_LIMITS.max_subid_length} characters`);
    }
    const refusal = this.#reqProblem(id, rawFilters, failure);
    const filters = refusal === undefined ? parseFilters(rawFilters) : refusal;
    if (typeof filters === "string") return this.#send("CLOSED", id, filters);
    const { log, nowSeconds } = this.deps;
    const stored = filters.flatMap((filter) => log.store.query(filter, nowSeconds(), RELAY_LIMITS.max_limit));
    // Registered before the first send, so nothing falls between stored and live events.
    this.#subscriptions.set(id, filters);
    this.#deliveries.get(id)?.close();
    this.#deliveries.set(id, this.#deliveryFor(id));
    for (const event of new Set(stored)) this.#send("EVENT", id, event);
    this.#send("EOSE", id);
  }

  #reqProblem(id: string, rawFilters: readonly unknown[], failure: Fault | undefined): string | undefined {
    if (failure !== undefined) return `error: ${failure.code ?? "injected fault"}`;
    if (this.deps.isAuthRequired && !this.#isAuthenticated) return "auth-required: authenticate with NIP-42 first";
    if (rawFilters.length === 0) return "invalid: a REQ has at least one filter";
    if (rawFilters.length > RELAY_LIMITS.max_filters) return `invalid: more than ${RELAY_LIMITS.max_filters} filters`;
    const isFull = this.#subscriptions.size >= RELAY_LIMITS.max_subscriptions && !this.#subscriptions.has(id);
    return isFull ? `error: more than ${RELAY_LIMITS.max_subscriptions} subscriptions` : undefined;
  }

  #deliveryFor(id: string): FaultyDelivery<NostrEvent> {
    return new FaultyDelivery(this.deps.faults, "relay", "EVENT", (event) => this.#send("EVENT", id, event));
  }

  #onClose(id: unknown): void {
    if (typeof id !== "string") return;
    this.#subscriptions.delete(id);
    this.#deliveries.get(id)?.close();
    this.#deliveries.delete(id);
  }

  #onAuth(raw: unknown): void {
    const parsed = NostrEvent.safeParse(raw);
    if (!parsed.success) return this.#send("NOTICE", "invalid: AUTH carries a signed event");
    const event = parsed.data;
    const isFresh = Math.abs(event.created_at - this.deps.nowSeconds()) <= AUTH_AGE_MAX_SECONDS;
    const isOurs = event.kind === AUTH_KIND && tagValue(event, "challenge") === this.deps.challenge;
    const problem =
      isFresh && isOurs ? authenticityProblem(event) : "invalid: not an answer to this connection's challenge";
    this.#isAuthenticated ||= problem === undefined;
    this.#send("OK", event.id, problem === undefined, problem ?? "");
  }

  #send(...message: readonly unknown[]): void {
    this.deps.send(JSON.stringify(message));
  }
}

function parseMessage(text: string): readonly unknown[] | undefined {
  try {
    return ClientMessage.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function parseFilters(raw: readonly unknown[]): readonly NostrFilter[] | string {
  try {
    return raw.map(parseFilter);
  } catch (error) {
    return `invalid: ${error instanceof Error ? error.message : "malformed filter"}`;
  }
}
