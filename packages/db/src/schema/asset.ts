import { bigint, datetime, json, mysqlTable, tinyint, varchar } from "drizzle-orm/mysql-core";

export const assets = mysqlTable("assets", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  assetId: varchar("asset_id", { length: 128 }).notNull(),
  name: varchar("name", { length: 191 }).notNull(),
  ticker: varchar("ticker", { length: 20 }).notNull(),
  assetType: varchar("asset_type", { length: 32 }).notNull(),
  decimalPlaces: tinyint("decimal_places").notNull(),
  totalSupply: bigint("total_supply", { mode: "bigint" }).notNull().default(0n),
  issued: bigint("issued", { mode: "bigint" }).notNull().default(0n),
  backing: varchar("backing", { length: 16 }).notNull(),
  arkAssetId: varchar("ark_asset_id", { length: 191 }),
  taprootAssetId: varchar("taproot_asset_id", { length: 64 }),
  taprootGroupKey: varchar("taproot_group_key", { length: 66 }),
  carrierUnits: bigint("carrier_units", { mode: "bigint" }),
  minLiftUnits: bigint("min_lift_units", { mode: "bigint" }),
  maxLiftUnits: bigint("max_lift_units", { mode: "bigint" }),
  minLandUnits: bigint("min_land_units", { mode: "bigint" }),
  maxLandUnits: bigint("max_land_units", { mode: "bigint" }),
  status: varchar("status", { length: 16 }).notNull(),
  metadata: json("metadata"),
  createdAt: datetime("created_at", { mode: "date", fsp: 3 }).notNull(),
});

export const assetSupplies = mysqlTable("asset_supplies", {
  assetId: varchar("asset_id", { length: 128 }).primaryKey(),
  arkdUnits: bigint("arkd_units", { mode: "bigint", unsigned: true }),
  arkdReadAt: datetime("arkd_read_at", { mode: "date", fsp: 3 }),
  tapdUnits: bigint("tapd_units", { mode: "bigint" }),
  tapdMark: varchar("tapd_mark", { length: 80 }).notNull().default(""),
  tapdReadAt: datetime("tapd_read_at", { mode: "date", fsp: 3 }),
  deficitUnits: bigint("deficit_units", { mode: "bigint" }).notNull().default(0n),
});
