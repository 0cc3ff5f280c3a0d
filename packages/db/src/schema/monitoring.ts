import { bigint, boolean, datetime, double, mysqlTable, varchar } from "drizzle-orm/mysql-core";

export const systemMetrics = mysqlTable("system_metrics", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  cpuPercent: double("cpu_percent").notNull(),
  memoryPercent: double("memory_percent").notNull(),
  memoryAvailableMb: double("memory_available_mb").notNull(),
  diskPercent: double("disk_percent").notNull(),
  diskFreeGb: double("disk_free_gb").notNull(),
  timestamp: datetime("timestamp", { mode: "date", fsp: 3 }).notNull(),
});

export const heartbeats = mysqlTable("heartbeats", {
  id: bigint("id", { mode: "number" }).autoincrement().primaryKey(),
  serviceName: varchar("service_name", { length: 64 }).notNull(),
  instance: varchar("instance", { length: 128 }).notNull(),
  isAlive: boolean("is_alive").notNull(),
  message: varchar("message", { length: 500 }),
  restartSeen: bigint("restart_seen", { mode: "number" }).notNull().default(0),
  timestamp: datetime("timestamp", { mode: "date", fsp: 3 }).notNull(),
});
