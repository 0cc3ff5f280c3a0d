import { bigint, datetime, json, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const streamCursors = mysqlTable("stream_cursors", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  stream: varchar("stream", { length: 191 }).notNull(),
  cursor: varchar("cursor", { length: 500 }).notNull(),
  leaseToken: bigint("lease_token", { mode: "number" }).notNull(),
  updatedAt: datetime("updated_at", { mode: "date", fsp: 3 }).notNull(),
});

export const serverInfo = mysqlTable("server_info", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  service: varchar("service", { length: 16 }).notNull(),
  digest: varchar("digest", { length: 191 }).notNull(),
  info: json("info").notNull(),
  pinnedKeys: json("pinned_keys").notNull(),
  seenAt: datetime("seen_at", { mode: "date", fsp: 3 }).notNull(),
});

export const serviceState = mysqlTable("service_state", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  service: varchar("service", { length: 32 }).notNull(),
  desiredState: varchar("desired_state", { length: 16 }).notNull(),
  restartId: bigint("restart_id", { mode: "number" }).notNull().default(0),
  actual: json("actual"),
  updatedAt: datetime("updated_at", { mode: "date", fsp: 3 }).notNull(),
});

export const leases = mysqlTable("leases", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  name: varchar("name", { length: 64 }).notNull(),
  holder: varchar("holder", { length: 128 }).notNull(),
  token: bigint("token", { mode: "number" }).notNull(),
  expiresAt: datetime("expires_at", { mode: "date", fsp: 3 }).notNull(),
});
