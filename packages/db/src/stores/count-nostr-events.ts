import { readInteger, readText } from "../row";
import type { SqlHandle } from "../sql-handle";

export interface NostrEventCounts {
  readonly stored: number;
  /** Acted upon or refused: somebody has looked. */
  readonly processed: number;
  readonly failed: number;
}

/** Stored inbound events by what became of them, read from the index on the status alone. */
export async function countNostrEvents(database: Pick<SqlHandle, "select">): Promise<NostrEventCounts> {
  const rows = await database.select("SELECT status, COUNT(*) AS n FROM nostr_events GROUP BY status");
  const byStatus = new Map(rows.map((row) => [readText(row, "status"), readInteger(row, "n")]));
  const of = (status: string) => byStatus.get(status) ?? 0;
  return {
    stored: [...byStatus.values()].reduce((total, n) => total + n, 0),
    processed: of("processed") + of("refused"),
    failed: of("failed"),
  };
}
