import type { TroubleMetrics } from "@arkrelay/runtime/shared-metrics";

import { readFloat, readInteger, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";

const AGE_SECONDS = (column: string): string =>
  `COALESCE(TIMESTAMPDIFF(MICROSECOND, MIN(${column}), NOW(3)), 0) / 1000000 AS oldest_seconds`;

/** What waits for an end that may not come by itself. */
export async function readTroubleMetrics(database: Pick<SqlHandle, "select">): Promise<TroubleMetrics> {
  const [ceremonies, payouts, unknown, lost, poisoned] = await Promise.all([
    database.select(
      `SELECT COUNT(DISTINCT s.id) AS n, ${AGE_SECONDS("c.created_at")} FROM signing_sessions s
       LEFT JOIN signing_challenges c ON c.session_id = s.id AND c.stage = 'checkpoint_txs'
       WHERE s.ceremony_state IN ('accepted', 'checkpoint_sigs_collected', 'finalizing') AND s.status = 'signing'`,
    ),
    database.select(
      `SELECT kind, COUNT(*) AS n, ${AGE_SECONDS("updated_at")} FROM payouts WHERE status = 'accepted' GROUP BY kind`,
    ),
    database.select(
      `SELECT invoice_type, COUNT(*) AS n, ${AGE_SECONDS("unknown_since")} FROM lightning_invoices
       WHERE unknown_since IS NOT NULL GROUP BY invoice_type`,
    ),
    database.select("SELECT COUNT(*) AS n FROM lightning_invoices WHERE invoice_type = 'lift' AND status = 'lost'"),
    database.select(
      `SELECT 'session' AS owner, COUNT(*) AS n FROM signing_sessions WHERE ceremony_state = 'finalizing' AND error_code IS NOT NULL
       UNION ALL
       SELECT 'payout', COUNT(*) FROM payouts WHERE status = 'accepted' AND poisoned_at IS NOT NULL`,
    ),
  ]);
  return {
    ceremoniesAccepted: toWaiting(ceremonies[0]),
    payoutsAccepted: payouts.map((row) => ({ kind: readText(row, "kind"), ...toWaiting(row) })),
    unknownPayments: { lift: waitingOf(unknown, "lift"), land: waitingOf(unknown, "land") },
    liftsLost: countOf(lost[0]),
    poisoned: {
      session: countOf(poisoned.find((row) => readText(row, "owner") === "session")),
      payout: countOf(poisoned.find((row) => readText(row, "owner") === "payout")),
    },
  };
}

function waitingOf(rows: readonly Row[], invoiceType: string) {
  return toWaiting(rows.find((row) => readText(row, "invoice_type") === invoiceType));
}

function toWaiting(row: Row | undefined): { readonly count: number; readonly oldestSeconds: number } {
  return row === undefined
    ? { count: 0, oldestSeconds: 0 }
    : { count: readInteger(row, "n"), oldestSeconds: readFloat(row, "oldest_seconds") };
}

function countOf(row: Row | undefined): number {
  return row === undefined ? 0 : readInteger(row, "n");
}
