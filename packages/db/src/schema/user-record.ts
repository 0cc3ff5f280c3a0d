import { bigint, datetime, json, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const userRecords = mysqlTable("user_records", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  owner: varchar("owner", { length: 128 }).notNull(),
  userId: varchar("user_id", { length: 100 }).notNull(),
  actionType: varchar("action_type", { length: 40 }).notNull(),
  sha256: varchar("sha256", { length: 64 }).notNull(),
  data: json("data").notNull(),
  updatedAt: datetime("updated_at", { mode: "date", fsp: 3 }).notNull(),
});
