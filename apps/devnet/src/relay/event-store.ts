import { type NostrEvent, expirationOf, replacementKey, supersedes } from "./nostr-event";
import { type NostrFilter, matchesFilter } from "./nostr-filter";

export type StoreOutcome = "stored" | "known" | "superseded";

/** The relay's events in memory, with indexes for what filters ask for most. Does no I/O. */
export class EventStore {
  readonly #byId = new Map<string, NostrEvent>();
  readonly #bySlot = new Map<string, NostrEvent>();
  /** `kind:…`, `author:…` and `<tag>:…`, because those are what a filter narrows by. */
  readonly #index = new Map<string, Set<NostrEvent>>();

  get size(): number {
    return this.#byId.size;
  }

  /** Keeps the newest event of a replaceable slot and tells what became of this one. */
  insert(event: NostrEvent): StoreOutcome {
    if (this.#byId.has(event.id)) return "known";
    const slot = replacementKey(event);
    const current = slot === undefined ? undefined : this.#bySlot.get(slot);
    if (current !== undefined && !supersedes(event, current)) return "superseded";
    if (current !== undefined) this.#delete(current);
    if (slot !== undefined) this.#bySlot.set(slot, event);
    this.#byId.set(event.id, event);
    for (const key of indexKeys(event)) {
      const entries = this.#index.get(key) ?? new Set<NostrEvent>();
      this.#index.set(key, entries.add(event));
    }
    return "stored";
  }

  /** Matching unexpired events, newest first, at most the filter's limit. */
  query(filter: NostrFilter, nowSeconds: number, limitMax: number): readonly NostrEvent[] {
    const found: NostrEvent[] = [];
    for (const event of this.#candidates(filter)) {
      if (matchesFilter(filter, event) && !isExpired(event, nowSeconds)) found.push(event);
    }
    return found
      .toSorted((left, right) => (supersedes(left, right) ? -1 : 1))
      .slice(0, Math.min(filter.limit ?? limitMax, limitMax));
  }

  all(): Iterable<NostrEvent> {
    return this.#byId.values();
  }

  deleteExpired(nowSeconds: number): void {
    for (const event of this.#byId.values()) if (isExpired(event, nowSeconds)) this.#delete(event);
  }

  clear(): void {
    this.#byId.clear();
    this.#bySlot.clear();
    this.#index.clear();
  }

  /** The smallest set that holds every match. */
  #candidates(filter: NostrFilter): Iterable<NostrEvent> {
    if (filter.ids !== undefined) return [...filter.ids].flatMap((id) => this.#byId.get(id) ?? []);
    const keySets = [
      ...[...filter.tags].map(([name, values]) => [...values].map((value) => `${name}:${value}`)),
      ...(filter.authors === undefined ? [] : [[...filter.authors].map((author) => `author:${author}`)]),
      ...(filter.kinds === undefined ? [] : [[...filter.kinds].map((kind) => `kind:${kind}`)]),
    ];
    const measured = keySets.map((keys) => ({ keys, size: keys.reduce((sum, key) => sum + this.#sizeOf(key), 0) }));
    const [smallest] = measured.toSorted((left, right) => left.size - right.size);
    if (smallest === undefined) return this.#byId.values();
    // An event can carry two of the wanted values; it must come once.
    return new Set(smallest.keys.flatMap((key) => [...(this.#index.get(key) ?? [])]));
  }

  #sizeOf(key: string): number {
    return this.#index.get(key)?.size ?? 0;
  }

  #delete(event: NostrEvent): void {
    this.#byId.delete(event.id);
    const slot = replacementKey(event);
    if (slot !== undefined && this.#bySlot.get(slot) === event) this.#bySlot.delete(slot);
    for (const key of indexKeys(event)) {
      const entries = this.#index.get(key);
      entries?.delete(event);
      if (entries?.size === 0) this.#index.delete(key);
    }
  }
}

export function isExpired(event: NostrEvent, nowSeconds: number): boolean {
  const expiration = expirationOf(event);
  return expiration !== undefined && expiration <= nowSeconds;
}

function indexKeys(event: NostrEvent): readonly string[] {
  const tags = event.tags.flatMap(([name, value]) =>
    name?.length === 1 && value !== undefined ? [`${name}:${value}`] : [],
  );
  return [`kind:${event.kind}`, `author:${event.pubkey}`, ...new Set(tags)];
}
