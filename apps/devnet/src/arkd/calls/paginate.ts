import type { IndexerPageRequest, IndexerPageResponse } from "@arkrelay/daemons/proto/ark/v1/indexer";

/** arkd's largest and default page. */
export const PAGE_SIZE_MAX = 100;

/**
 * arkd's paging: pages count from 1 and index 0 means the first too; `next` stays at the last page, which is `total`.
 * Without a page request the first page is answered as well, so a client that does not page notices in development.
 */
export function paginate<T>(
  items: readonly T[],
  request: IndexerPageRequest | undefined,
): { items: readonly T[]; page: IndexerPageResponse } {
  const size = Math.min(request !== undefined && request.size > 0 ? request.size : PAGE_SIZE_MAX, PAGE_SIZE_MAX);
  const current = Math.max(1, request?.index ?? 1);
  const total = Math.ceil(items.length / size);
  const start = (current - 1) * size;
  return { items: items.slice(start, start + size), page: { current, next: Math.min(current + 1, total), total } };
}
