import { bigint, datetime, int, json, mediumtext, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const apiKeys = mysqlTable("api_keys", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  keyId: varchar("key_id", { length: 64 }).notNull(),
  name: varchar("name", { length: 128 }).notNull(),
  kind: varchar("kind", { length: 8 }).notNull(),
  prefix: varchar("prefix", { length: 32 }),
  secretSha256: varchar("secret_sha256", { length: 64 }),
  pubkey: varchar("pubkey", { length: 64 }),
  scopes: json("scopes").notNull(),
  limits: json("limits").notNull(),
  status: varchar("status", { length: 16 }).notNull(),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
  lastUsedAt: datetime("last_used_at", { mode: "date", fsp: 3 }),
  expiresAt: datetime("expires_at", { mode: "date", fsp: 3 }),
  previousSha256: varchar("previous_sha256", { length: 64 }),
  previousUntil: datetime("previous_until", { mode: "date", fsp: 3 }),
});

export const nip98Seen = mysqlTable("nip98_seen", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  eventId: varchar("event_id", { length: 64 }).notNull(),
  expiresAt: datetime("expires_at", { mode: "date", fsp: 3 }).notNull(),
});

export const idempotencyKeys = mysqlTable("idempotency_keys", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  principal: varchar("principal", { length: 128 }).notNull(),
  route: varchar("route", { length: 191 }).notNull(),
  key: varchar("key", { length: 128 }).notNull(),
  bodySha256: varchar("body_sha256", { length: 64 }).notNull(),
  state: varchar("state", { length: 16 }).notNull(),
  responseStatus: int("response_status"),
  responseBody: mediumtext("response_body"),
  expiresAt: datetime("expires_at", { mode: "date", fsp: 3 }).notNull(),
});
