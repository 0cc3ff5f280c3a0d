/** Enough for what several relays deliver twice within a backfill. */
const IDS_MAX = 20_000;

/** Which events are stored or just being stored: a cheap answer before the signature is checked and the database asked. */
export class KnownEvents {
  private readonly stored = new Set<string>();
  private readonly storing = new Map<string, Promise<void>>();

  isStored(eventId: string): boolean {
    return this.stored.has(eventId);
  }

  /** The store that another relay's copy of the event is part of. A relay may only move on once it is through. */
  findStoring(eventId: string): Promise<void> | undefined {
    return this.storing.get(eventId);
  }

  /** Takes note of a store under way, and of its events once it is through. Rejects as the store does. */
  async follow(eventIds: readonly string[], store: Promise<void>): Promise<void> {
    for (const eventId of eventIds) this.storing.set(eventId, store);
    try {
      await store;
      for (const eventId of eventIds) this.remember(eventId);
    } finally {
      for (const eventId of eventIds) this.storing.delete(eventId);
    }
  }

  private remember(eventId: string): void {
    this.stored.add(eventId);
    const oldest = this.stored.size > IDS_MAX ? this.stored.values().next().value : undefined;
    if (oldest !== undefined) this.stored.delete(oldest);
  }
}
