import type { Tx } from "@arkrelay/core/ports/transactions";

import { readInteger, readText } from "../row";
import type { SqlHandle } from "../sql-handle";
import { writeLast } from "../transactions";

export interface CounterIncrement {
  readonly scope: string;
  readonly subject: string;
  readonly name: string;
  readonly n: number;
  /** Milliseconds, for averages. */
  readonly sumMs?: number;
}

export interface CounterTotal {
  readonly subject: string;
  readonly name: string;
  readonly n: number;
  readonly sumMs: number;
}

/** 16 rows per counter, one picked at random: a single row per counter halves the rate of commits. */
const SHARDS = 16;

/** Adds to counters, with the transaction's COMMIT: these are the rows everybody writes. */
export function addCounters(tx: Tx, increments: readonly CounterIncrement[]): void {
  const sums = sumIncrements(increments);
  if (sums.length === 0) return;
  const shard = Math.floor(Math.random() * SHARDS);
  writeLast(
    tx,
    `INSERT INTO counters (scope, subject, name, shard, n, sum_ms) VALUES ${sums.map(() => "(?, ?, ?, ?, ?, ?)").join(", ")}
     ON DUPLICATE KEY UPDATE n = n + VALUES(n), sum_ms = sum_ms + VALUES(sum_ms)`,
    sums.flatMap((row) => [row.scope, row.subject, row.name, shard, row.n, Math.round(row.sumMs ?? 0)]),
  );
}

/**
 * Adds 1 to a counter of a single row and keeps that row locked until COMMIT: for a subject that has no row of its own to
 * queue up at. Called before what the transaction writes, unlike `addCounters`.
 */
export async function countUnderLock(
  handle: SqlHandle,
  { scope, subject, name }: Pick<CounterIncrement, "scope" | "subject" | "name">,
): Promise<void> {
  await handle.write(
    `INSERT INTO counters (scope, subject, name, shard, n, sum_ms) VALUES (?, ?, ?, 0, 1, 0)
     ON DUPLICATE KEY UPDATE n = n + 1`,
    [scope, subject, name],
  );
}

/** Totals of one scope over all shards, since installation. */
export async function sumCounters(handle: SqlHandle, scope: string): Promise<readonly CounterTotal[]> {
  const rows = await handle.select(
    "SELECT subject, name, SUM(n) AS n, SUM(sum_ms) AS sum_ms FROM counters WHERE scope = ? GROUP BY subject, name",
    [scope],
  );
  return rows.map((row) => ({
    subject: readText(row, "subject"),
    name: readText(row, "name"),
    n: readInteger(row, "n"),
    sumMs: readInteger(row, "sum_ms"),
  }));
}

/** One row per counter, in key order: two transactions that touch the same rows must lock them in the same order. */
function sumIncrements(increments: readonly CounterIncrement[]): readonly CounterIncrement[] {
  const sums = new Map<string, CounterIncrement>();
  for (const row of increments) {
    const key = `${row.scope}\n${row.subject}\n${row.name}`;
    const sum = sums.get(key);
    const added = { ...row, n: (sum?.n ?? 0) + row.n, sumMs: (sum?.sumMs ?? 0) + (row.sumMs ?? 0) };
    sums.set(key, added);
  }
  return [...sums.entries()].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}
