import { and, desc, eq, lt, sql } from "drizzle-orm";

import type { Tx } from "@arkrelay/core/ports/transactions";

import { auditLog } from "../schema/audit";
import type { SqlHandle } from "../sql-handle";
import { connectionOf } from "../transactions";

export interface NewAuditEntry {
  /** The principal that acted. */
  readonly actor: string;
  /** Route or command. */
  readonly action: string;
  readonly target?: string | undefined;
  readonly requestId?: string | undefined;
  readonly ip?: string | undefined;
  /** Status or error code. */
  readonly outcome: string;
  /** JSON. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

export interface AuditEntry extends Omit<NewAuditEntry, "details"> {
  readonly id: number;
  readonly details: unknown;
  readonly at: Date;
}

export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly beforeId?: number | undefined;
  readonly limit: number;
}

/** Who did what as operator. Rows are only added: the runtime user has neither UPDATE nor DELETE on the table. */
export class DrizzleAuditStore {
  constructor(private readonly database: SqlHandle) {}

  /** With a Tx the row belongs to the effect's transaction, without one it commits by itself. */
  async insert(entry: NewAuditEntry, tx?: Tx): Promise<void> {
    const { orm } = tx === undefined ? this.database : connectionOf(tx);
    await orm.insert(auditLog).values({ ...entry, at: sql`NOW(3)` });
  }

  /** Newest first. */
  async list(filter: AuditFilter): Promise<readonly AuditEntry[]> {
    const { actor, action, beforeId } = filter;
    const rows = await this.database.orm
      .select()
      .from(auditLog)
      .where(
        and(
          actor === undefined ? undefined : eq(auditLog.actor, actor),
          action === undefined ? undefined : eq(auditLog.action, action),
          beforeId === undefined ? undefined : lt(auditLog.id, beforeId),
        ),
      )
      .orderBy(desc(auditLog.id))
      .limit(filter.limit);
    return rows.map((row) => ({
      ...row,
      target: row.target ?? undefined,
      requestId: row.requestId ?? undefined,
      ip: row.ip ?? undefined,
      details: row.details ?? undefined,
    }));
  }
}
