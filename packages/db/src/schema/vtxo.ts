import { bigint, boolean, datetime, int, json, mysqlTable, text, varchar } from "drizzle-orm/mysql-core";

export const vtxoScripts = mysqlTable("vtxo_scripts", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  ownerPubkey: varchar("owner_pubkey", { length: 64 }).notNull(),
  signerPubkey: varchar("signer_pubkey", { length: 64 }).notNull(),
  exitDelay: int("exit_delay").notNull(),
  script: varchar("script", { length: 128 }).notNull(),
  tapTree: text("tap_tree").notNull(),
  kind: varchar("kind", { length: 16 }).notNull(),
  firstSeen: datetime("first_seen", { mode: "date", fsp: 3 }).notNull(),
  syncedAt: datetime("synced_at", { mode: "date", fsp: 3 }),
});

export const vtxos = mysqlTable("vtxos", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  vtxoId: varchar("vtxo_id", { length: 80 }).notNull(),
  txid: varchar("txid", { length: 64 }).notNull(),
  vout: int("vout").notNull(),
  scriptId: bigint("script_id", { mode: "number" }).notNull(),
  ownerPubkey: varchar("owner_pubkey", { length: 64 }).notNull(),
  kind: varchar("kind", { length: 16 }).notNull(),
  assetId: varchar("asset_id", { length: 128 }),
  amountSats: bigint("amount_sats", { mode: "bigint" }).notNull(),
  status: varchar("status", { length: 16 }).notNull(),
  isPreconfirmed: boolean("is_preconfirmed").notNull(),
  isSwept: boolean("is_swept").notNull().default(false),
  commitmentTxids: json("commitment_txids").notNull(),
  expiresAt: datetime("expires_at", { mode: "date", fsp: 3 }),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
  spendingTxid: varchar("spending_txid", { length: 64 }),
  spentAt: datetime("spent_at", { mode: "date", fsp: 3 }),
  settledTxid: varchar("settled_txid", { length: 64 }),
  lockedBy: varchar("locked_by", { length: 96 }),
  lockedUntil: datetime("locked_until", { mode: "date", fsp: 3 }),
  updatedFrom: varchar("updated_from", { length: 16 }).notNull(),
  seenAt: datetime("seen_at", { mode: "date", fsp: 3 }).notNull(),
  expiryToldAt: datetime("expiry_told_at", { mode: "date", fsp: 3 }),
  isBooked: boolean("is_booked").notNull().default(false),
});

export const vtxoAssets = mysqlTable("vtxo_assets", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  vtxoId: varchar("vtxo_id", { length: 80 }).notNull(),
  assetId: varchar("asset_id", { length: 128 }).notNull(),
  amount: bigint("amount", { mode: "bigint", unsigned: true }).notNull(),
});
