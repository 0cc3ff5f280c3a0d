import { readInteger } from "../row";
import type { SqlHandle } from "../sql-handle";

/** What ages, and how it goes. Money, VTXO, session and audit rows never do. */
export type RetentionTarget =
  | "system_metrics"
  | "heartbeats"
  | "jobs"
  | "session_events"
  | "nostr_outbox"
  | "nostr_raw_events"
  | "webhook_deliveries"
  | "nip98_seen"
  | "idempotency_keys";

interface Rule {
  readonly table: string;
  /** One `?`: the cutoff. */
  readonly where: string;
  /** Instead of deleting the row. */
  readonly update?: string;
}

const RULES: Readonly<Record<RetentionTarget, Rule>> = {
  system_metrics: { table: "system_metrics", where: "timestamp < ?" },
  heartbeats: { table: "heartbeats", where: "timestamp < ?" },
  // Attempts and events go with their job (ON DELETE CASCADE).
  jobs: { table: "job_logs", where: "finished_at < ? AND status IN ('completed', 'failed', 'cancelled')" },
  session_events: { table: "session_events", where: "at < ?" },
  nostr_outbox: { table: "nostr_outbox", where: "created_at < ? AND status IN ('done', 'superseded')" },
  // The row stays: its id and request_key keep a replay out for ever.
  nostr_raw_events: {
    table: "nostr_events",
    where: "processed_at < ? AND direction = 'in' AND raw IS NOT NULL",
    update: "raw = NULL",
  },
  webhook_deliveries: { table: "webhook_deliveries", where: "finished_at < ?" },
  nip98_seen: { table: "nip98_seen", where: "expires_at < ?" },
  idempotency_keys: { table: "idempotency_keys", where: "expires_at < ?" },
};

/** Ageing in batches: one statement never locks more than `limit` rows, so the work in progress is not held up. */
export class DrizzleRetentionStore {
  constructor(private readonly database: SqlHandle) {}

  /** One batch of rows older than `before`; returns how many went. Call again while it returns `limit`. */
  async deleteBatch(target: RetentionTarget, before: Date, limit: number): Promise<number> {
    const { table, where, update } = RULES[target];
    const statement =
      update === undefined
        ? `DELETE FROM ${table} WHERE ${where} ORDER BY id LIMIT ?`
        : `UPDATE ${table} SET ${update} WHERE ${where} ORDER BY id LIMIT ?`;
    const { affectedRows } = await this.database.write(statement, [before, limit]);
    return affectedRows;
  }

  /** How many would go, for a dry run. */
  async count(target: RetentionTarget, before: Date): Promise<number> {
    const { table, where } = RULES[target];
    const [row] = await this.database.select(`SELECT COUNT(*) AS n FROM ${table} WHERE ${where}`, [before]);
    return row === undefined ? 0 : readInteger(row, "n");
  }
}
