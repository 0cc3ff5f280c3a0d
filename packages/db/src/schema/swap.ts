import { bigint, boolean, datetime, json, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const swapBatches = mysqlTable("swap_batches", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  authorPubkey: varchar("author_pubkey", { length: 64 }).notNull(),
  batchId: varchar("batch_id", { length: 64 }).notNull(),
  status: varchar("status", { length: 16 }).notNull(),
  allocations: json("allocations").notNull(),
  contentHash: varchar("content_hash", { length: 64 }).notNull(),
  headSessionId: bigint("head_session_id", { mode: "number" }).notNull(),
  delivery: varchar("delivery", { length: 8 }).notNull(),
  arkTxid: varchar("ark_txid", { length: 64 }),
  requestEventId: varchar("request_event_id", { length: 64 }),
  errorCode: varchar("error_code", { length: 64 }),
  isUnanswered: boolean("is_unanswered").notNull().default(false),
  expiresAt: datetime("expires_at", { mode: "date", fsp: 3 }).notNull(),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
  endedAt: datetime("ended_at", { mode: "date", fsp: 3 }),
});
