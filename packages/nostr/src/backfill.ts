import type { RelayFilter } from "./relay-message";

export interface BackfillOptions {
  readonly filter: RelayFilter;
  /** Unix seconds, inclusive: cursor less overlap. */
  readonly since: number;
  readonly request: (filter: RelayFilter) => Promise<readonly unknown[]>;
  /** Stores a page; it is only asked for the next one afterwards. */
  readonly take: (events: readonly unknown[]) => Promise<void>;
}

const PAGE_SIZE = 500;
/** Asked for when one second holds more than a page. */
const PAGE_SIZE_MAX = 5_000;
/** A million events. Only a relay that makes events up has more for one recipient. */
const PAGES_MAX = 2_000;

/**
 * Reads everything a relay has since `since`, newest page first. The next page ends at the oldest second of the last one,
 * inclusive, because a page may end in the middle of a second; it is over when a page brings nothing new.
 */
export async function runBackfill(options: BackfillOptions): Promise<void> {
  const seen = new Set<string>();
  let until: number | undefined;
  let limit = PAGE_SIZE;
  // What a full page is: the relay may cap it below our limit without saying so.
  let fullPage = 0;
  for (let pages = 0; pages < PAGES_MAX; pages += 1) {
    const page = await options.request({
      ...options.filter,
      since: options.since,
      limit,
      ...(until === undefined ? {} : { until }),
    });
    const events = page.flatMap((raw) => readPlace(raw));
    const fresh = events.filter((event) => !seen.has(event.id));
    for (const event of fresh) seen.add(event.id);
    await options.take(fresh.map((event) => event.raw));
    const oldest = events.reduce((min, event) => Math.min(min, event.createdAt), until ?? Infinity);
    const mayHideMore = events.length > 0 && events.length >= Math.max(fullPage, 2);
    fullPage = Math.max(fullPage, events.length);
    if (fresh.length > 0) {
      until = oldest;
    } else if (mayHideMore && limit < PAGE_SIZE_MAX) {
      // A whole page of one second: only a larger page shows the rest of it.
      limit = PAGE_SIZE_MAX;
    } else if (mayHideMore && until !== undefined && until > options.since) {
      // The relay caps its pages below what this second holds. Older seconds can still be read.
      until -= 1;
    } else {
      return;
    }
    if (until !== undefined && until < options.since) return;
  }
  throw new Error("the relay's backfill has no end");
}

interface Placed {
  readonly raw: unknown;
  readonly id: string;
  readonly createdAt: number;
}

/** Enough of an event to page by. What lacks it is no event and cannot be paged over. */
function readPlace(raw: unknown): Placed[] {
  if (typeof raw !== "object" || raw === null || !("id" in raw) || !("created_at" in raw)) return [];
  const { id, created_at: createdAt } = raw;
  return typeof id === "string" && typeof createdAt === "number" ? [{ raw, id, createdAt }] : [];
}
