import { getTableConfig, type MySqlTable } from "drizzle-orm/mysql-core";

import type { Database } from "../connection";
import { readText } from "../row";
import { openTestDatabase, type TestDatabase } from "../testing/test-database";
import * as access from "./access";
import * as asset from "./asset";
import * as audit from "./audit";
import * as challenge from "./challenge";
import * as coordination from "./coordination";
import * as counter from "./counter";
import * as externalCall from "./external-call";
import * as intent from "./intent";
import * as job from "./job";
import * as ledger from "./ledger";
import * as lightning from "./lightning";
import * as monitoring from "./monitoring";
import * as nostr from "./nostr";
import * as payout from "./payout";
import * as session from "./session";
import * as settlement from "./settlement";
import * as swap from "./swap";
import * as transaction from "./transaction";
import * as userRecord from "./user-record";
import * as vtxo from "./vtxo";
import * as webhook from "./webhook";

const modules: readonly Record<string, MySqlTable>[] = [
  access,
  asset,
  audit,
  challenge,
  coordination,
  counter,
  externalCall,
  intent,
  job,
  ledger,
  lightning,
  monitoring,
  nostr,
  payout,
  session,
  swap,
  settlement,
  transaction,
  userRecord,
  vtxo,
  webhook,
];
const tables = modules.flatMap((module) => Object.values(module)).map((table) => getTableConfig(table));

let test: TestDatabase;
beforeAll(async () => {
  test = await openTestDatabase();
});
afterAll(() => test.close());

describe("the query builder's tables", () => {
  it("are the tables the migrations make, with the same columns in nullability and kind", async () => {
    const inDatabase = await describeTables(test.database);
    expect(tables.map(({ name }) => name).sort()).toEqual([...inDatabase.keys()].sort());
    for (const table of tables) {
      const columns = table.columns.map(
        (column) => `${column.name} ${sameType(column.getSQLType())}${column.notNull ? " not null" : ""}`,
      );
      expect({ table: table.name, columns: columns.sort() }).toEqual({
        table: table.name,
        // Sorted: a column added later stands last in the database and where it belongs in the code.
        columns: inDatabase.get(table.name)?.sort(),
      });
    }
  });

  it("keep every id, key and hex column in a binary ASCII collation, where 'A' is not 'a'", async () => {
    const rows = await test.database.select(
      `SELECT CONCAT(table_name, '.', column_name) AS name FROM information_schema.columns
       WHERE table_schema = DATABASE() AND collation_name IS NOT NULL AND collation_name NOT IN ('ascii_bin', 'utf8mb4_bin', 'utf8mb4_nopad_bin')`,
    );
    expect(rows).toEqual([]);
  });

  it("read amounts above 2^53 exactly and JSON as objects", async () => {
    const amountSats = 9_007_199_254_740_993n;
    await test.database.orm.insert(transaction.transactions).values({
      txid: "a".repeat(64),
      txType: "p2p_transfer",
      status: "pending",
      amountSats,
      feeSats: 10n,
      createdAt: new Date(1_700_000_000_123),
    });
    const [row] = await test.database.orm.select().from(transaction.transactions);
    expect(row).toMatchObject({ amountSats, feeSats: 10n, createdAt: new Date(1_700_000_000_123) });
    const [gbtc] = await test.database.orm.select().from(asset.assets);
    expect(gbtc).toMatchObject({ assetId: "gBTC", status: "active", metadata: {} });
  });
});

/** TINYINT(1) is BOOLEAN, JSON is LONGTEXT with a check. */
function sameType(type: string): string {
  return type
    .replace(/^json$/, "longtext")
    .replace(/^boolean$/, "tinyint(1)")
    .replace(/^(bigint|int|tinyint)$/, "$1");
}

async function describeTables(database: Database): Promise<Map<string, string[]>> {
  const rows = await database.select(
    `SELECT table_name AS t, column_name AS c, column_type AS ty, is_nullable AS n FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name <> 'schema_migrations' ORDER BY table_name, ordinal_position`,
  );
  const found = new Map<string, string[]>();
  for (const row of rows) {
    const type = readText(row, "ty")
      .replace(/^(bigint|int)\(\d+\)/, "$1")
      .replace(/^tinyint\(4\)$/, "tinyint");
    const columns = found.get(readText(row, "t")) ?? [];
    columns.push(`${readText(row, "c")} ${type}${readText(row, "n") === "NO" ? " not null" : ""}`);
    found.set(readText(row, "t"), columns);
  }
  return found;
}
