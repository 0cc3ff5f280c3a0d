import type { Journal } from "../journal/journal";
import type { EventStore, StoreOutcome } from "./event-store";
import type { NostrEvent } from "./nostr-event";

/** The event store and the file it comes back from. */
export class EventLog {
  constructor(
    readonly store: EventStore,
    private readonly journal: Pick<Journal<NostrEvent>, "append" | "rewrite">,
  ) {}

  /** What was answered "stored" is on file before the answer leaves. */
  insert(event: NostrEvent): StoreOutcome {
    const outcome = this.store.insert(event);
    if (outcome === "stored") this.journal.append(event);
    return outcome;
  }

  /** Drops replaced and expired events from the file; called at start, when nobody waits. */
  compact(nowSeconds: number): void {
    this.store.deleteExpired(nowSeconds);
    this.journal.rewrite(this.store.all());
  }

  reset(): void {
    this.store.clear();
    this.journal.rewrite([]);
  }
}
