import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { openDatabase, type Database } from "./connection";
import { checkSchema, loadMigrations, migrate } from "./migrator";
import { readText } from "./row";
import { runOnServer, testDatabaseUrl } from "./testing/test-database";

const url = testDatabaseUrl("_migrator");
const name = new URL(url).pathname.slice(1);
let directory: string;
let database: Database;

beforeEach(async () => {
  await runOnServer(url, `CREATE OR REPLACE DATABASE \`${name}\``);
  directory = mkdtempSync(path.join(tmpdir(), "arkrelay-migrations-"));
  database = openDatabase({ url });
  write("0001_first.sql", "CREATE TABLE IF NOT EXISTS first (id INT PRIMARY KEY)");
});

afterEach(async () => {
  await database.close();
  rmSync(directory, { recursive: true });
  await runOnServer(url, `DROP DATABASE \`${name}\``);
});

function write(file: string, sql: string): void {
  writeFileSync(path.join(directory, file), sql);
}

async function recorded(): Promise<string[]> {
  return (await database.select("SELECT name FROM schema_migrations ORDER BY id")).map((row) => readText(row, "name"));
}

describe("migrating", () => {
  it("runs what is missing in order, once", async () => {
    write("0002_second.sql", "ALTER TABLE first ADD COLUMN IF NOT EXISTS n INT");
    expect(await migrate({ url, directory })).toEqual(["0001_first", "0002_second"]);
    expect(await migrate({ url, directory })).toEqual([]);
    expect(await recorded()).toEqual(["0001_first", "0002_second"]);
  });

  it("lets two migrators at once do the work of one", async () => {
    // INSERT without IGNORE: run twice, it would fail.
    write("0002_row.sql", "INSERT INTO first (id) VALUES (1)");
    const applied = await Promise.all([migrate({ url, directory }), migrate({ url, directory })]);
    expect(applied.flat()).toEqual(["0001_first", "0002_row"]);
  });

  it("refuses a migration that changed after it ran, before running anything new", async () => {
    await migrate({ url, directory });
    write("0001_first.sql", "CREATE TABLE IF NOT EXISTS first (id BIGINT PRIMARY KEY)");
    write("0002_second.sql", "CREATE TABLE IF NOT EXISTS second (id INT PRIMARY KEY)");
    await expect(migrate({ url, directory })).rejects.toThrow("changed after they ran: 0001_first");
    expect(await recorded()).toEqual(["0001_first"]);
  });

  it("names the file that failed, keeps what ran before it, and goes on from there", async () => {
    write("0002_broken.sql", "CREATE TABLE nonsense (");
    await expect(migrate({ url, directory })).rejects.toThrow("migration 0002_broken failed");
    expect(await recorded()).toEqual(["0001_first"]);
    write("0002_broken.sql", "CREATE TABLE IF NOT EXISTS second (id INT PRIMARY KEY)");
    expect(await migrate({ url, directory })).toEqual(["0002_broken"]);
  });

  it("waits no longer than told for another migrator", async () => {
    await database.transactions.run(async () => {
      const other = openDatabase({ url, poolSize: 1 });
      await other.select("SELECT GET_LOCK('arkrelay:migrate', 0)");
      await expect(migrate({ url, directory, lockTimeoutSeconds: 0 })).rejects.toThrow("holds the lock");
      await other.close();
    });
  });
});

describe("the schema check", () => {
  it("is ready only when every shipped migration ran with equal content; further ones are fine", async () => {
    expect(await checkSchema(database, directory)).toEqual({ ready: false, missing: ["0001_first"], changed: [] });
    await migrate({ url, directory });
    expect(await checkSchema(database, directory)).toEqual({ ready: true });
    await database.write("INSERT INTO schema_migrations (name, checksum, at) VALUES ('9999_newer', 'x', NOW(3))");
    expect(await checkSchema(database, directory)).toEqual({ ready: true });
    write("0001_first.sql", "SELECT 1");
    expect(await checkSchema(database, directory)).toEqual({ ready: false, missing: [], changed: ["0001_first"] });
  });
});

describe("the shipped migrations", () => {
  it("hold one statement each and may run twice", async () => {
    await migrate({ url });
    for (const { sql } of loadMigrations()) await database.writeOnce(withoutComments(sql));
    expect(await checkSchema(database)).toEqual({ ready: true });
  });
});

/** A store's statement has no semicolon, and a migration may have one in its comments. */
function withoutComments(sql: string): string {
  return sql
    .replaceAll(/^--.*$/gm, "")
    .trim()
    .replace(/;$/, "");
}
