import { PAGE_SIZE_MAX } from "../page-size";

/**
 * All rows of a list that tapd pages since 0.8, by key, because the list may change while it is read. An older tapd does not know
 * the fields and sends everything each time, so a page without news is the last one.
 */
export async function readPages<Row>(
  readPage: (page: { readonly offset: number; readonly limit: number }) => Promise<readonly Row[]>,
  keyOf: (row: Row) => string,
): Promise<Row[]> {
  const rows = new Map<string, Row>();
  for (let offset = 0; ; offset += PAGE_SIZE_MAX) {
    const page = await readPage({ offset, limit: PAGE_SIZE_MAX });
    const countBefore = rows.size;
    for (const row of page) rows.set(keyOf(row), row);
    if (page.length < PAGE_SIZE_MAX || rows.size === countBefore) return [...rows.values()];
  }
}
