import { bigint, datetime, int, json, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const externalCalls = mysqlTable("external_calls", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  service: varchar("service", { length: 16 }).notNull(),
  kind: varchar("kind", { length: 48 }).notNull(),
  businessKey: varchar("business_key", { length: 191 }).notNull(),
  jobId: varchar("job_id", { length: 64 }),
  sessionId: varchar("session_id", { length: 64 }),
  request: json("request").notNull(),
  state: varchar("state", { length: 16 }).notNull(),
  externalId: varchar("external_id", { length: 191 }),
  attempts: int("attempts").notNull().default(0),
  error: varchar("error", { length: 1000 }),
  at: datetime("at", { mode: "date", fsp: 3 }).notNull(),
});
