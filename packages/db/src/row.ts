import { assert } from "@arkrelay/core/errors";

/** A row of a hand-written SELECT. Columns are read by the functions below, which check what the driver gave. */
export type Row = Readonly<Record<string, unknown>>;

export function readText(row: Row, column: string): string {
  const value = row[column];
  assert(typeof value === "string", `column ${column} is not text`);
  return value;
}

/** For counts and small integers. Refuses what a double cannot hold. */
export function readInteger(row: Row, column: string): number {
  const value = Number(row[column]);
  assert(row[column] !== null && Number.isSafeInteger(value), `column ${column} is not a safe integer`);
  return value;
}

/** For amounts and ids. The driver gives numbers up to 2^53-1 and strings above; SUM() always gives strings. */
export function readBigint(row: Row, column: string): bigint {
  const value = row[column];
  if (typeof value === "bigint") return value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return BigInt(value);
  assert(typeof value === "string" && /^-?\d+$/.test(value), `column ${column} is not an integer`);
  return BigInt(value);
}

export function readFloat(row: Row, column: string): number {
  const value = Number(row[column]);
  assert(row[column] !== null && Number.isFinite(value), `column ${column} is not a number`);
  return value;
}

/** BOOLEAN is TINYINT(1). */
export function readBoolean(row: Row, column: string): boolean {
  return readInteger(row, column) !== 0;
}

export function readDate(row: Row, column: string): Date {
  const value = row[column];
  assert(value instanceof Date && !Number.isNaN(value.getTime()), `column ${column} is not a time`);
  return value;
}

/** JSON columns come parsed from MariaDB's protocol and as text from others. The caller parses the shape. */
export function readJson(row: Row, column: string): unknown {
  const value = row[column];
  if (typeof value !== "string") return value;
  const parsed: unknown = JSON.parse(value);
  return parsed;
}

/** `nullable(row, "run_at", readDate)`: undefined for NULL. */
export function nullable<T>(row: Row, column: string, read: (row: Row, column: string) => T): T | undefined {
  return row[column] === null || row[column] === undefined ? undefined : read(row, column);
}
