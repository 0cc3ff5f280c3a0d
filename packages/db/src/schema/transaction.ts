import { bigint, datetime, int, mediumtext, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const transactions = mysqlTable("transactions", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  txid: varchar("txid", { length: 64 }).notNull(),
  sessionId: varchar("session_id", { length: 64 }),
  txType: varchar("tx_type", { length: 32 }).notNull(),
  status: varchar("status", { length: 16 }).notNull(),
  assetId: varchar("asset_id", { length: 128 }),
  assetAmount: bigint("asset_amount", { mode: "bigint" }),
  amountSats: bigint("amount_sats", { mode: "bigint" }).notNull(),
  feeSats: bigint("fee_sats", { mode: "bigint" }).notNull(),
  senderPubkey: varchar("sender_pubkey", { length: 64 }),
  recipientPubkey: varchar("recipient_pubkey", { length: 64 }),
  rawTx: mediumtext("raw_tx"),
  commitmentTxid: varchar("commitment_txid", { length: 64 }),
  blockHeight: int("block_height"),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
  confirmedAt: datetime("confirmed_at", { mode: "date", fsp: 3 }),
  acknowledgedAt: datetime("acknowledged_at", { mode: "date", fsp: 3 }),
  errorCode: varchar("error_code", { length: 64 }),
  errorMessage: varchar("error_message", { length: 1000 }),
});

export const transactionParties = mysqlTable("transaction_parties", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  transactionId: bigint("transaction_id", { mode: "number" }).notNull(),
  pubkey: varchar("pubkey", { length: 64 }).notNull(),
  direction: varchar("direction", { length: 16 }).notNull(),
  assetId: varchar("asset_id", { length: 128 }).notNull(),
  amount: bigint("amount", { mode: "bigint" }).notNull(),
});
