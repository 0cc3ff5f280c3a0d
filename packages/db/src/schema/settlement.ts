import { bigint, datetime, int, json, mediumtext, mysqlTable, text, varchar } from "drizzle-orm/mysql-core";

export const settlements = mysqlTable("settlements", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  batchId: varchar("batch_id", { length: 64 }).notNull(),
  liveKey: varchar("live_key", { length: 8 }),
  status: varchar("status", { length: 16 }).notNull(),
  driverJob: varchar("driver_job", { length: 64 }),
  moves: int("moves").notNull(),
  inputSats: bigint("input_sats", { mode: "bigint" }).notNull().default(0n),
  feeSats: bigint("fee_sats", { mode: "bigint" }).notNull().default(0n),
  candidateTxid: varchar("candidate_txid", { length: 64 }),
  batchScript: varchar("batch_script", { length: 128 }),
  heightHint: int("height_hint"),
  committingAt: datetime("committing_at", { mode: "date", fsp: 3 }),
  l1Txid: varchar("l1_txid", { length: 64 }),
  blockHeight: int("block_height"),
  merkleRoot: varchar("merkle_root", { length: 64 }),
  vtxoCount: int("vtxo_count").notNull().default(0),
  totalValue: bigint("total_value", { mode: "bigint" }).notNull().default(0n),
  eventId: varchar("event_id", { length: 64 }),
  error: varchar("error", { length: 500 }),
  version: bigint("version", { mode: "number" }).notNull().default(1),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
  committedAt: datetime("committed_at", { mode: "date", fsp: 3 }),
  confirmedAt: datetime("confirmed_at", { mode: "date", fsp: 3 }),
});

export const settlementLeaves = mysqlTable("settlement_leaves", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  vtxoId: varchar("vtxo_id", { length: 80 }).notNull(),
  settlementId: bigint("settlement_id", { mode: "number" }),
  leafIndex: int("leaf_index"),
  amountSats: bigint("amount_sats", { mode: "bigint" }).notNull(),
  assets: json("assets").notNull(),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
});

export const settlementIntents = mysqlTable("settlement_intents", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  settlementId: bigint("settlement_id", { mode: "number" }),
  sessionId: varchar("session_id", { length: 64 }),
  proof: mediumtext("proof").notNull(),
  message: text("message").notNull(),
  arkdIntentId: varchar("arkd_intent_id", { length: 191 }),
  status: varchar("status", { length: 16 }).notNull(),
  validUntil: datetime("valid_until", { mode: "date", fsp: 3 }).notNull(),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
});
