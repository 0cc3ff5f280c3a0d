import { bigint, datetime, json, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const ledgerAccounts = mysqlTable("ledger_accounts", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  account: varchar("account", { length: 64 }).notNull(),
  assetId: varchar("asset_id", { length: 128 }).notNull(),
});

export const ledgerTransactions = mysqlTable("ledger_transactions", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  kind: varchar("kind", { length: 32 }).notNull(),
  businessId: varchar("business_id", { length: 191 }).notNull(),
  memo: varchar("memo", { length: 500 }),
  at: datetime("at", { mode: "date", fsp: 3 }).notNull(),
});

export const ledgerPostings = mysqlTable("ledger_postings", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  transactionId: bigint("transaction_id", { mode: "number" }).notNull(),
  accountId: bigint("account_id", { mode: "number" }).notNull(),
  assetId: varchar("asset_id", { length: 128 }).notNull(),
  amount: bigint("amount", { mode: "bigint" }).notNull(),
});

export const ledgerCheckpoints = mysqlTable("ledger_checkpoints", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  accountId: bigint("account_id", { mode: "number" }).notNull(),
  upToPostingId: bigint("up_to_posting_id", { mode: "number" }).notNull(),
  balance: bigint("balance", { mode: "bigint" }).notNull(),
  at: datetime("at", { mode: "date", fsp: 3 }).notNull(),
});

export const channelCommitments = mysqlTable("channel_commitments", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  channelPoint: varchar("channel_point", { length: 80 }).notNull(),
  lentSats: bigint("lent_sats", { mode: "bigint" }).notNull(),
  seenAt: datetime("seen_at", { mode: "date", fsp: 3 }).notNull(),
});

export const reconciliations = mysqlTable("reconciliations", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  source: varchar("source", { length: 16 }).notNull(),
  account: varchar("account", { length: 64 }).notNull(),
  assetId: varchar("asset_id", { length: 128 }).notNull(),
  external: bigint("external", { mode: "bigint" }).notNull(),
  ledger: bigint("ledger", { mode: "bigint" }).notNull(),
  delta: bigint("delta", { mode: "bigint" }).notNull(),
  drift: bigint("drift", { mode: "bigint" }).notNull(),
  explained: json("explained").notNull(),
  postingId: bigint("posting_id", { mode: "number" }).notNull(),
  at: datetime("at", { mode: "date", fsp: 3 }).notNull(),
});
