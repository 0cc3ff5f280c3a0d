import type { Cursors, Filters } from "./cursor";

interface Identified {
  readonly id: bigint;
}

interface Listing<Row extends Identified> {
  readonly cursors: Cursors;
  /** Name of the list, part of the cursor's signature. */
  readonly list: string;
  readonly filters: Filters;
  readonly limit: number;
  readonly cursor: string | undefined;
  /** Newest first by id, below `beforeId`. */
  readonly fetch: (limit: number, beforeId: bigint | undefined) => Promise<readonly Row[]>;
}

export interface Page<Row> {
  readonly rows: readonly Row[];
  readonly page: { readonly total_count: number; readonly next_cursor: string | null };
}

/** One keyset page. Asks for one row more than it shows: whether there is a next page costs no second query. */
export async function readPage<Row extends Identified>(listing: Listing<Row>): Promise<Page<Row>> {
  const beforeId = listing.cursors.decode(listing.cursor, listing.list, listing.filters);
  const found = await listing.fetch(listing.limit + 1, beforeId);
  const rows = found.slice(0, listing.limit);
  const last = rows.at(-1);
  const hasMore = found.length > listing.limit && last !== undefined;
  return {
    rows,
    page: {
      total_count: rows.length,
      next_cursor: hasMore ? listing.cursors.encode(last.id, listing.list, listing.filters) : null,
    },
  };
}
