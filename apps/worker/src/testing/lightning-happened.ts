import type { LightningOperation } from "@arkrelay/core/lightning/lightning-operation";
import type { TestDatabase } from "@arkrelay/db/testing/test-database";

/** What a whole property run has to have seen at least once: a model in which one of these never happens proves less than it says. */
export const MUST_HAPPEN = [
  "lift paid",
  "lift lost",
  "lift expired",
  "lift cancelled",
  "land paid",
  "land refunded",
  "land cancelled",
  "land expired",
  "land in_flight",
  "unknown for a while",
  "killed delivery",
  "second delivery",
  "second payment",
  "paid at the second payment",
  "refund of what others paid",
] as const;

/** How the rows of a run ended, and the rarer ways they took. */
export async function readHappened(
  { database }: TestDatabase,
  rows: readonly LightningOperation[],
  paidElsewhere: ReadonlyMap<string, bigint>,
): Promise<readonly string[]> {
  const ways = await database.select(`
    SELECT 'unknown for a while' AS way FROM nostr_outbox WHERE kind = 31502 AND raw LIKE '%land_in_flight%'
    UNION ALL SELECT 'killed delivery' FROM payout_attempts WHERE role = 'kill' AND outcome = 'final'
    UNION ALL SELECT 'second delivery' FROM nostr_outbox WHERE kind = 31502 AND raw LIKE '%vtxo_creation%'
      GROUP BY subject HAVING COUNT(DISTINCT event_id) > 1
    UNION ALL SELECT 'second payment' FROM lightning_attempts WHERE attempt > 1 AND sent_at IS NOT NULL`);
  const others = rows.filter(({ status, paymentHash }) => status === "refunded" && paidElsewhere.has(paymentHash));
  const late = rows.filter(
    ({ invoiceType, status, attempts }) => invoiceType === "land" && status === "paid" && attempts > 1,
  );
  return [
    ...late.map(() => "paid at the second payment"),
    ...rows.map(({ invoiceType, status }) => `${invoiceType} ${status}`),
    ...ways.map((row) => String(row["way"])),
    ...others.map(() => "refund of what others paid"),
  ];
}
