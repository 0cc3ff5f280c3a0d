import { bigint, mysqlTable, primaryKey, tinyint, varchar } from "drizzle-orm/mysql-core";

export const counters = mysqlTable(
  "counters",
  {
    scope: varchar("scope", { length: 32 }).notNull(),
    subject: varchar("subject", { length: 128 }).notNull(),
    name: varchar("name", { length: 64 }).notNull(),
    shard: tinyint("shard").notNull(),
    n: bigint("n", { mode: "number" }).notNull().default(0),
    sumMs: bigint("sum_ms", { mode: "number" }).notNull().default(0),
  },
  (t) => [primaryKey({ columns: [t.scope, t.subject, t.name, t.shard] })],
);
