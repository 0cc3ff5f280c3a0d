import { bigint, datetime, mysqlTable, varchar } from "drizzle-orm/mysql-core";

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
