import type { TapdRows } from "./rows";

export type TableName = keyof TapdRows;

/** A row's new content; undefined deletes it. */
export type RowChange = {
  [T in TableName]: { readonly table: T; readonly key: string; readonly row: TapdRows[T] | undefined };
}[TableName];

/** One effect: all its rows are on disk together or not at all. */
export interface TapdRecord {
  readonly changes: readonly RowChange[];
}

/** What the journal writes: JSON has no bigint, so each becomes `{"$bigint": "12"}`. */
export function toJournalLine(record: TapdRecord): unknown {
  return JSON.parse(
    JSON.stringify(record, (_name, value: unknown) =>
      typeof value === "bigint" ? { $bigint: value.toString() } : value,
    ),
  );
}

/** The inverse; the line is our own. */
export function fromJournalLine(line: unknown): TapdRecord {
  return revive(line) as TapdRecord;
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== "object" || value === null) return value;
  if ("$bigint" in value && typeof value.$bigint === "string") return BigInt(value.$bigint);
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, revive(field)]));
}
