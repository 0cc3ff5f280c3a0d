import type { SharedMetrics } from "@arkrelay/runtime/shared-metrics";

import { readFloat, readInteger, readText } from "../row";
import type { SqlHandle } from "../sql-handle";
import { readTroubleMetrics } from "./read-trouble-metrics";

/** What every exporter shows alike. Small reads on indexes, asked at most once per cache time of the exporter. */
export async function readSharedMetrics(database: Pick<SqlHandle, "select">): Promise<SharedMetrics> {
  const [sessions, queues, jobs, inventory, lightningQueue, drift, supplies, trouble] = await Promise.all([
    database.select(
      "SELECT session_type, COUNT(*) AS n FROM signing_sessions WHERE status NOT IN ('completed', 'failed', 'expired') GROUP BY session_type",
    ),
    database.select(
      `SELECT queue, COUNT(*) AS queued,
         COALESCE(TIMESTAMPDIFF(MICROSECOND, MIN(IF(run_at <= NOW(3), run_at, NULL)), NOW(3)), 0) / 1000000 AS oldest_seconds
       FROM (SELECT queue, run_at FROM job_logs WHERE status = 'pending'
         UNION ALL SELECT 'inventory', next_at FROM payouts WHERE next_at <= NOW(3) AND attempt_token IS NULL) q
       GROUP BY queue`,
    ),
    database.select(
      `SELECT subject, name, SUM(n) AS n FROM counters
       WHERE scope = 'jobs' AND name IN ('completed', 'failed', 'cancelled') GROUP BY subject, name`,
    ),
    database.select(
      // A label is what people call an asset; what nobody registered keeps arkd's id.
      `SELECT COALESCE(a.asset_id, v.asset_id) AS asset_id, v.kind, SUM(v.n) AS n FROM (
         SELECT asset_id, kind, COUNT(*) AS n FROM vtxos
         WHERE kind <> 'user' AND status = 'available' AND locked_by IS NULL AND asset_id IS NOT NULL GROUP BY asset_id, kind) v
       LEFT JOIN assets a ON a.ark_asset_id = v.asset_id GROUP BY COALESCE(a.asset_id, v.asset_id), v.kind`,
    ),
    database.select(
      `SELECT 'lightning' AS queue, COUNT(*) AS queued,
         COALESCE(TIMESTAMPDIFF(MICROSECOND, MIN(next_at), NOW(3)), 0) / 1000000 AS oldest_seconds
       FROM lightning_invoices WHERE next_at <= NOW(3) AND attempt_token IS NULL HAVING COUNT(*) > 0`,
    ),
    database.select(
      `SELECT source, asset_id, SUM(ABS(drift)) AS units FROM reconciliations
       WHERE id IN (SELECT MAX(id) FROM reconciliations GROUP BY account, asset_id) GROUP BY source, asset_id`,
    ),
    database.select(
      `SELECT s.asset_id, GREATEST(0, CAST(s.arkd_units AS DECIMAL(20)) - a.issued) AS extra_units, s.deficit_units
       FROM asset_supplies s JOIN assets a ON a.asset_id = s.asset_id WHERE s.arkd_units IS NOT NULL`,
    ),
    readTroubleMetrics(database),
  ]);
  return {
    activeSessions: sessions.map((row) => ({
      sessionType: readText(row, "session_type"),
      count: readInteger(row, "n"),
    })),
    queues: [...queues, ...lightningQueue].map((row) => ({
      queue: readText(row, "queue"),
      queued: readInteger(row, "queued"),
      oldestSeconds: readFloat(row, "oldest_seconds"),
    })),
    jobsProcessed: jobs.map((row) => ({
      jobType: readText(row, "subject"),
      status: readText(row, "name"),
      count: readInteger(row, "n"),
    })),
    inventory: inventory.map((row) => ({
      assetId: readText(row, "asset_id"),
      kind: readText(row, "kind"),
      count: readInteger(row, "n"),
    })),
    assetSupplies: supplies.map((row) => ({
      assetId: readText(row, "asset_id"),
      extraUnits: readFloat(row, "extra_units"),
      deficitUnits: readFloat(row, "deficit_units"),
    })),
    trouble,
    ledgerDrift: drift.map((row) => ({
      source: readText(row, "source"),
      assetId: readText(row, "asset_id"),
      units: readFloat(row, "units"),
    })),
  };
}
