import { createConnection } from "mysql2/promise";

import { connectionOptions, openDatabase, type Database, type DatabaseOptions } from "../connection";
import { parseDatabaseUrl } from "../database-url";
import { migrate } from "../migrator";
import { readText } from "../row";

export interface TestDatabase {
  readonly database: Database;
  /** Of this jest worker's own database, for code that opens its own connections. */
  readonly url: string;
  /** Deletes every row except the seeded asset. Fast when little was written. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/**
 * This jest worker's own database on TEST_DATABASE_URL, migrated and empty: `arkrelay_test_<TEST_PREFIX or main>_<worker>`.
 * Migrating again is one cheap look, so every test file may open it.
 */
export async function openTestDatabase(options: Partial<Omit<DatabaseOptions, "url">> = {}): Promise<TestDatabase> {
  const url = testDatabaseUrl();
  await prepareTestDatabase(url);
  const database = openDatabase({ poolSize: 10, ...options, url });
  await emptyDatabase(database);
  return { database, url, empty: () => emptyDatabase(database), close: () => database.close() };
}

/** URL of this jest worker's database; a `suffix` names a further one, for tests that need DDL of their own. */
export function testDatabaseUrl(suffix = ""): string {
  const server = process.env["TEST_DATABASE_URL"];
  if (server === undefined || server === "") {
    throw new Error(
      "TEST_DATABASE_URL is not set: run `npm test`, or point it at a MariaDB whose user may create databases",
    );
  }
  const url = new URL(server);
  url.pathname = `/arkrelay_test_${process.env["TEST_PREFIX"] ?? "main"}_${process.env["JEST_WORKER_ID"] ?? "1"}${suffix}`;
  return url.toString();
}

/** Runs one statement on the server of TEST_DATABASE_URL, outside any database. */
export async function runOnServer(url: string, sql: string): Promise<void> {
  const server = new URL(url);
  server.pathname = "/";
  const connection = await createConnection(connectionOptions({ url: server.toString() }));
  try {
    await connection.query(sql);
  } finally {
    await connection.end();
  }
}

async function prepareTestDatabase(url: string): Promise<void> {
  const { database } = parseDatabaseUrl(url);
  const create = `CREATE DATABASE IF NOT EXISTS \`${database}\` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`;
  await runOnServer(url, create);
  try {
    await migrate({ url });
  } catch (error) {
    // Migrations are edited while they are being written; a database that only holds tests is simply made anew.
    if (!(error instanceof Error && error.message.startsWith("changed after they ran"))) throw error;
    await runOnServer(url, `DROP DATABASE \`${database}\``);
    await runOnServer(url, create);
    await migrate({ url });
  }
}

/** DELETE, not TRUNCATE: DDL costs ten times as much. Children first, by asking only which tables have rows and trying parents again. */
async function emptyDatabase(database: Database): Promise<void> {
  const tables = await database.select(
    "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name <> 'schema_migrations'",
  );
  const names = tables.map((row) => readText(row, "name"));
  const filled = await database.selectOnce(
    names
      .map((name) => `SELECT '${name}' AS name FROM DUAL WHERE EXISTS (SELECT 1 FROM \`${name}\`)`)
      .join(" UNION ALL "),
  );
  let rest = filled.map((row) => readText(row, "name"));
  for (let round = 0; rest.length > 0; round++) {
    rest = await deleteAll(database, rest, round);
  }
}

/** Deepest chain of foreign keys is session -> challenge -> signature. */
const FOREIGN_KEY_DEPTH_MAX = 5;

async function deleteAll(database: Database, names: readonly string[], round: number): Promise<string[]> {
  const refused: string[] = [];
  for (const name of names) {
    try {
      await database.writeOnce(
        name === "assets" ? "DELETE FROM assets WHERE asset_id <> 'gBTC'" : `DELETE FROM \`${name}\``,
      );
    } catch (error) {
      // 1451: still referenced by a table that comes later in the list.
      if ((error as { errno?: unknown }).errno !== 1451 || round >= FOREIGN_KEY_DEPTH_MAX) throw error;
      refused.push(name);
    }
  }
  return refused;
}
