/** Enough for what several relays deliver twice within a backfill. */
const IDS_MAX = 20_000;

/** Ids of events that are stored for sure: a cheap answer before the signature is checked and the database asked. */
export class KnownEvents {
  private readonly ids = new Set<string>();

  has(eventId: string): boolean {
    return this.ids.has(eventId);
  }

  add(eventId: string): void {
    this.ids.add(eventId);
    const oldest = this.ids.size > IDS_MAX ? this.ids.values().next().value : undefined;
    if (oldest !== undefined) this.ids.delete(oldest);
  }
}
