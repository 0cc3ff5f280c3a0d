import { sql } from "drizzle-orm";
import { bigint, datetime, int, json, mediumtext, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const payouts = mysqlTable("payouts", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  kind: varchar("kind", { length: 16 }).notNull(),
  businessId: varchar("business_id", { length: 64 }).notNull(),
  payoutKey: varchar("payout_key", { length: 96 }).generatedAlwaysAs(sql`CONCAT(kind, '.', business_id)`, {
    mode: "stored",
  }),
  pivotVtxoId: varchar("pivot_vtxo_id", { length: 80 }).notNull(),
  script: varchar("script", { length: 128 }).notNull(),
  ownerPubkey: varchar("owner_pubkey", { length: 64 }).notNull(),
  assetId: varchar("asset_id", { length: 128 }).notNull(),
  amount: bigint("amount", { mode: "bigint" }).notNull(),
  amountSats: bigint("amount_sats", { mode: "bigint" }).notNull(),
  outputCount: int("output_count").notNull().default(1),
  parts: json("parts"),
  status: varchar("status", { length: 16 }).notNull(),
  txid: varchar("txid", { length: 64 }),
  version: bigint("version", { mode: "number" }).notNull().default(1),
  poisonedAt: datetime("poisoned_at", { mode: "date", fsp: 3 }),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
  updatedAt: datetime("updated_at", { mode: "date", fsp: 3 }).notNull(),
  wakeSeq: bigint("wake_seq", { mode: "number" }).notNull().default(1),
  wokenAt: datetime("woken_at", { mode: "date", fsp: 3 }),
  nextAt: datetime("next_at", { mode: "date", fsp: 3 }),
  attempts: int("attempts").notNull().default(0),
  attemptToken: varchar("attempt_token", { length: 64 }),
  attemptLeaseUntil: datetime("attempt_lease_until", { mode: "date", fsp: 3 }),
  lostAttempts: int("lost_attempts").notNull().default(0),
});

export const payoutAttempts = mysqlTable("payout_attempts", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  payoutId: bigint("payout_id", { mode: "number" }).notNull(),
  attempt: int("attempt").notNull(),
  pivotVtxoId: varchar("pivot_vtxo_id", { length: 80 }).notNull(),
  txid: varchar("txid", { length: 64 }).notNull(),
  role: varchar("role", { length: 8 }).notNull(),
  unsignedPsbt: mediumtext("unsigned_psbt").notNull(),
  signedPsbt: mediumtext("signed_psbt"),
  checkpoints: json("checkpoints").notNull(),
  outputs: json("outputs").notNull(),
  inputVtxoIds: json("input_vtxo_ids").notNull(),
  lastSentAt: datetime("last_sent_at", { mode: "date", fsp: 3 }),
  submitState: json("submit_state"),
  outcome: varchar("outcome", { length: 16 }).notNull(),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
});

export const dailyBudgets = mysqlTable("daily_budgets", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  name: varchar("name", { length: 191 }).notNull(),
  day: varchar("day", { length: 10 }).notNull(),
  used: bigint("used", { mode: "bigint" }).notNull(),
});
