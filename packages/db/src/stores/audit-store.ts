import type { Tx } from "@arkrelay/core/ports/transactions";

import { nullable, readDate, readInteger, readJson, readText, type Row } from "../row";
import type { SqlHandle, SqlParam } from "../sql-handle";
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
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

export interface AuditEntry extends NewAuditEntry {
  readonly id: number;
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
    const handle = tx === undefined ? this.database : connectionOf(tx);
    await handle.write(
      "INSERT INTO audit_log (actor, action, target, request_id, ip, outcome, details, at) VALUES (?, ?, ?, ?, ?, ?, ?, NOW(3))",
      [
        entry.actor,
        entry.action,
        entry.target ?? null,
        entry.requestId ?? null,
        entry.ip ?? null,
        entry.outcome,
        entry.details === undefined ? null : JSON.stringify(entry.details),
      ],
    );
  }

  /** Newest first. */
  async list(filter: AuditFilter): Promise<readonly AuditEntry[]> {
    const conditions: string[] = [];
    const params: SqlParam[] = [];
    const add = (condition: string, value: SqlParam | undefined): void => {
      if (value === undefined) return;
      conditions.push(condition);
      params.push(value);
    };
    add("actor = ?", filter.actor);
    add("action = ?", filter.action);
    add("id < ?", filter.beforeId);
    const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
    const rows = await this.database.select(
      `SELECT id, actor, action, target, request_id, ip, outcome, details, at FROM audit_log ${where} ORDER BY id DESC LIMIT ?`,
      [...params, filter.limit],
    );
    return rows.map(toEntry);
  }
}

function toEntry(row: Row): AuditEntry {
  const details = readJson(row, "details");
  return {
    id: readInteger(row, "id"),
    actor: readText(row, "actor"),
    action: readText(row, "action"),
    target: nullable(row, "target", readText),
    requestId: nullable(row, "request_id", readText),
    ip: nullable(row, "ip", readText),
    outcome: readText(row, "outcome"),
    details: typeof details === "object" && details !== null ? { ...details } : undefined,
    at: readDate(row, "at"),
  };
}
