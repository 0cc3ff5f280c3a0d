/** Of how many own addressable events the time is remembered; a tie is only possible within seconds. */
const SLOTS_REMEMBERED = 1_000;

/**
 * Relays keep the newest addressable event of a `d` and break a tie by id (NIP-01): a second one of the same second could
 * be dropped with OK true and never reach the gateway.
 */
export class EventTimes {
  readonly #last = new Map<string, number>();

  /** `created_at` of the next event of this kind and `d`, unix seconds: later than the one before it. */
  next(kind: number, tags: readonly (readonly string[])[]): number {
    const slot = `${kind}:${tags.find(([name]) => name === "d")?.[1] ?? ""}`;
    const createdAt = Math.max(nowSeconds(), (this.#last.get(slot) ?? 0) + 1);
    this.#last.delete(slot);
    this.#last.set(slot, createdAt);
    const [oldest] = this.#last.keys();
    if (this.#last.size > SLOTS_REMEMBERED && oldest !== undefined) this.#last.delete(oldest);
    return createdAt;
  }
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
