import type { AuthorLimits } from "@arkrelay/core/nostr/author-limits";
import { decideInbound, type DropReason } from "@arkrelay/core/nostr/decide-inbound";
import { verifyEvent } from "@arkrelay/core/nostr/event-id";
import { INBOUND_KINDS } from "@arkrelay/core/nostr/kinds";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { NostrEvent } from "@arkrelay/core/ports/nostr";
import type { NewNostrEvent, NostrEventStore, NostrRelayStore } from "@arkrelay/core/ports/nostr-stores";
import type { Transactions } from "@arkrelay/core/ports/transactions";
import type { Wake, Waker } from "@arkrelay/core/ports/waker";
import type { RelayIngest } from "@arkrelay/nostr/relay-ingest";

import { KnownEvents } from "./known-events";

/** What became of one delivery: the `result` label of the metric. */
export type IngestResult = "stored" | "seen" | "bad_signature" | "rate_limited" | DropReason;

export interface NostrIngestOptions {
  /** Our keys, previous ones included. */
  readonly pubkeys: readonly string[];
  readonly clock: Clock;
  readonly transactions: Transactions;
  readonly events: Pick<NostrEventStore, "insert">;
  readonly relays: Pick<NostrRelayStore, "find" | "raiseCursor">;
  readonly waker: Waker;
  readonly limits: AuthorLimits;
  readonly maxAgeSeconds: number;
  readonly maxFutureSeconds: number;
  readonly overlapSeconds: number;
  readonly count: (kind: number | undefined, result: IngestResult) => void;
}

/**
 * Takes in what relays deliver: checks what can be checked without deciding anything, stores each event once, wakes the worker.
 * Everything else (what the event asks for, whether it may) is the worker's.
 */
export function createNostrIngest(options: NostrIngestOptions): RelayIngest {
  const known = new KnownEvents();
  return {
    filter: { kinds: INBOUND_KINDS, "#p": options.pubkeys },
    liveSince: () => nowSeconds(options) - options.maxAgeSeconds,
    async backfillSince(url) {
      const cursor = (await options.relays.find(url))?.lastCreatedAt?.getTime();
      // A relay that was never read has nothing for us that is older than what a live event may be.
      return Math.floor((cursor ?? options.clock.now().getTime()) / 1000) - options.overlapSeconds;
    },
    take: (url, raws, stored) => takeEvents(options, known, url, raws, stored),
    saveCursor: (url, createdAt) =>
      options.relays.raiseCursor(url, new Date(Math.min(createdAt, nowSeconds(options)) * 1000)),
  };
}

async function takeEvents(
  options: NostrIngestOptions,
  known: KnownEvents,
  url: string,
  raws: readonly unknown[],
  stored: boolean,
): Promise<number | undefined> {
  const batch = new Set<string>();
  // No await until the store is under way: two relays' copies of an event must not both count as new.
  const judged = raws.map((raw) => judge(options, { known, batch, url, stored }, raw));
  const fresh = judged.flatMap(({ fresh }) => fresh ?? []);
  const store = fresh.length === 0 ? Promise.resolve() : storeEvents(options, fresh);
  await Promise.all([known.follow([...batch], store), ...judged.flatMap(({ storing }) => storing ?? [])]);
  const current = judged.flatMap(({ currentAt }) => currentAt ?? []);
  return current.length === 0 ? undefined : Math.max(...current);
}

interface Delivery {
  readonly known: KnownEvents;
  /** Ids of this batch that are about to be stored. */
  readonly batch: Set<string>;
  readonly url: string;
  readonly stored: boolean;
}

interface Judged {
  readonly fresh?: NewNostrEvent;
  /** Another relay's copy is being stored. */
  readonly storing?: Promise<void>;
  /** created_at of a proven event whose time was right. */
  readonly currentAt?: number;
}

function judge(options: NostrIngestOptions, delivery: Delivery, raw: unknown): Judged {
  const { known, batch, url, stored } = delivery;
  const now = options.clock.now();
  const decision = decideInbound(raw, stored, { ...options, now });
  if (decision.kind === "drop") return drop(options, undefined, decision.reason);
  const { event } = decision;
  const place = decision.isCurrent ? { currentAt: event.created_at } : {};
  if (known.isStored(event.id) || batch.has(event.id)) return drop(options, event, "seen", place);
  const storing = known.findStoring(event.id);
  if (storing !== undefined) return drop(options, event, "seen", { ...place, storing });
  if (!verifyEvent(event)) return drop(options, event, "bad_signature");
  const sentAt = new Date(event.created_at * 1000);
  const verdict = stored
    ? options.limits.takeStored(event.pubkey, event.kind, sentAt)
    : options.limits.take(event.pubkey, event.kind, now);
  if (verdict === "over") return drop(options, event, "rate_limited", place);
  batch.add(event.id);
  return { fresh: { event, relay: url, errorCode: verdict === "first_over" ? "rate_limited" : undefined }, ...place };
}

function drop(
  options: NostrIngestOptions,
  event: NostrEvent | undefined,
  result: IngestResult,
  place: Judged = {},
): Judged {
  options.count(event?.kind, result);
  return place;
}

/** One transaction for the batch; what is new is woken after the commit, in the order it came. */
async function storeEvents(options: NostrIngestOptions, fresh: readonly NewNostrEvent[]): Promise<void> {
  const outcomes = await options.transactions.run(async (tx) => {
    const wakes: (Wake | undefined)[] = [];
    for (const event of fresh) wakes.push(await options.events.insert(tx, event));
    return wakes;
  });
  for (const [index, { event }] of fresh.entries()) {
    options.count(event.kind, outcomes[index] === undefined ? "seen" : "stored");
  }
  await options.waker.wake(outcomes.filter((wake) => wake !== undefined));
}

function nowSeconds({ clock }: Pick<NostrIngestOptions, "clock">): number {
  return Math.floor(clock.now().getTime() / 1000);
}
