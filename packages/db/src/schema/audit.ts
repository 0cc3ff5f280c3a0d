import { bigint, datetime, json, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const auditLog = mysqlTable("audit_log", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  actor: varchar("actor", { length: 128 }).notNull(),
  action: varchar("action", { length: 128 }).notNull(),
  target: varchar("target", { length: 191 }),
  requestId: varchar("request_id", { length: 64 }),
  ip: varchar("ip", { length: 45 }),
  outcome: varchar("outcome", { length: 32 }).notNull(),
  details: json("details"),
  at: datetime("at", { mode: "date", fsp: 3 }).notNull(),
});
