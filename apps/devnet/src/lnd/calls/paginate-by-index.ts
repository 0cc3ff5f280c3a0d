export interface IndexPage {
  /** Exclusive. Backwards 0 means from the newest. */
  readonly offset: bigint;
  readonly max: bigint;
  readonly isReversed: boolean;
}

export interface IndexPageResult<T> {
  readonly items: readonly T[];
  readonly firstIndex: bigint;
  readonly lastIndex: bigint;
}

/**
 * lnd's paging of invoices and payments: a page never contains its offset, is in ascending order whichever way it goes, and an empty
 * one has offsets 0. `items` are in ascending order.
 */
export function paginateByIndex<T>(
  items: readonly T[],
  indexOf: (item: T) => bigint,
  { offset, max, isReversed }: IndexPage,
): IndexPageResult<T> {
  const count = max > BigInt(items.length) ? items.length : Number(max);
  const page = isReversed
    ? items.filter((item) => offset === 0n || indexOf(item) < offset).slice(-count)
    : items.filter((item) => indexOf(item) > offset).slice(0, count);
  const [first, last] = [page[0], page.at(-1)];
  return {
    items: page,
    firstIndex: first === undefined ? 0n : indexOf(first),
    lastIndex: last === undefined ? 0n : indexOf(last),
  };
}
