import type { ProgressLine } from "@arkrelay/core/jobs/attempt-store";
import type { Tx } from "@arkrelay/core/ports/transactions";

import { writeLater } from "../transactions";

export interface ProgressOfJob {
  readonly jobRowId: bigint;
  /** The row's event_seq after it was raised by the number of lines. */
  readonly lastSeq: number;
  readonly lines: readonly ProgressLine[];
}

/** Writes the lines of many jobs in one statement, numbered as their rows counted them. */
export function insertProgress(tx: Tx, jobs: readonly ProgressOfJob[]): void {
  const rows = jobs.flatMap(({ jobRowId, lastSeq, lines }) =>
    lines.map((line, index) => [jobRowId, lastSeq - lines.length + 1 + index, JSON.stringify(line)] as const),
  );
  if (rows.length === 0) return;
  writeLater(
    tx,
    `INSERT INTO job_events (job_id, seq, event, data, at) VALUES ${rows.map(() => "(?, ?, 'progress', ?, NOW(3))").join(", ")}`,
    rows.flat(),
  );
}
