import { bigint, boolean, datetime, int, json, mediumtext, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const intents = mysqlTable("intents", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  pubkey: varchar("pubkey", { length: 64 }).notNull(),
  namespace: varchar("namespace", { length: 128 }).notNull().default(""),
  actionId: varchar("action_id", { length: 64 }).notNull(),
  eventId: varchar("event_id", { length: 64 }),
  type: varchar("type", { length: 65 }).notNull(),
  params: json("params").notNull(),
  contentHash: varchar("content_hash", { length: 64 }).notNull(),
  network: varchar("network", { length: 16 }).notNull(),
  expiresAt: datetime("expires_at", { mode: "date", fsp: 3 }).notNull(),
  feeAssetId: varchar("fee_asset_id", { length: 128 }),
  feeAmount: bigint("fee_amount", { mode: "bigint" }),
  status: varchar("status", { length: 16 }).notNull(),
  rawEvent: mediumtext("raw_event"),
  legacy: boolean("legacy").notNull().default(false),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
});

export const results = mysqlTable("results", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  authorPubkey: varchar("author_pubkey", { length: 64 }).notNull(),
  refId: varchar("ref_id", { length: 255 }).notNull(),
  kind: int("kind").notNull(),
  eventId: varchar("event_id", { length: 64 }).notNull(),
  at: datetime("at", { mode: "date", fsp: 3 }).notNull(),
});
