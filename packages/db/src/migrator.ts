import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import { createConnection, type Connection, type RowDataPacket } from "mysql2/promise";

import { AppError } from "@arkrelay/core/errors";

import { connectionOptions } from "./connection";
import { readText } from "./row";
import type { SqlHandle } from "./sql-handle";

/** One file, one statement, safe to run twice: MariaDB cannot roll DDL back, so a crash between run and record means running it again. */
export interface Migration {
  /** File name without `.sql`: `0001_job_logs`. */
  readonly name: string;
  readonly sql: string;
  /** sha256 of the file, hex. */
  readonly checksum: string;
}

/** The same folder from src and from dist. */
const MIGRATIONS_DIRECTORY = path.join(__dirname, "..", "migrations");

const FILE_NAME = /^(\d{4}_[a-z0-9_]+)\.sql$/;

export function loadMigrations(directory: string = MIGRATIONS_DIRECTORY): readonly Migration[] {
  const names = readdirSync(directory)
    .filter((file) => file.endsWith(".sql"))
    .sort();
  const numbers = new Set<string>();
  return names.map((file) => {
    const name = FILE_NAME.exec(file)?.[1];
    if (name === undefined) throw new Error(`migration ${file} is not named NNNN_lower_case.sql`);
    const number = name.slice(0, 4);
    if (numbers.has(number)) throw new Error(`two migrations have the number ${number}`);
    numbers.add(number);
    const sql = readFileSync(path.join(directory, file), "utf8");
    return { name, sql, checksum: createHash("sha256").update(sql).digest("hex") };
  });
}

export interface MigrateOptions {
  readonly url: string;
  readonly tlsCa?: string | undefined;
  /** Another folder of migrations, for tests. */
  readonly directory?: string;
  /** How long to wait for another migrator. */
  readonly lockTimeoutSeconds?: number;
  readonly onApplied?: (name: string) => void;
}

const LOCK_NAME = "arkrelay:migrate";

/**
 * Brings the database to the shipped schema and returns the names it ran, in order. Only one migrator works at a time
 * (GET_LOCK on a connection of its own); another waits, then finds nothing to do. Refuses, before running anything, when a
 * recorded migration's file has changed since.
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  const migrations = loadMigrations(options.directory);
  const connection = await createConnection(connectionOptions({ url: options.url, tlsCa: options.tlsCa }));
  try {
    // DDL behind a long transaction would queue every later query of that table behind itself: give up instead.
    await connection.query(
      "SET SESSION lock_wait_timeout = 60, sql_mode = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION', time_zone = '+00:00'",
    );
    await takeLock(connection, options.lockTimeoutSeconds ?? 120);
    return await applyMissing(connection, migrations, options.onApplied ?? (() => undefined));
  } finally {
    // Closing the connection gives the lock back, also after an error.
    await connection.end();
  }
}

async function takeLock(connection: Connection, timeoutSeconds: number): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>("SELECT GET_LOCK(?, ?) AS taken", [LOCK_NAME, timeoutSeconds]);
  if (rows[0]?.["taken"] !== 1)
    throw new Error(`another migration holds the lock ${LOCK_NAME} for more than ${timeoutSeconds} s`);
}

const CREATE_RECORD_TABLE = `CREATE TABLE IF NOT EXISTS schema_migrations (
  id BIGINT NOT NULL AUTO_INCREMENT,
  name VARCHAR(191) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  checksum VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  at DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY uq_schema_migrations_name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin`;

async function applyMissing(
  connection: Connection,
  migrations: readonly Migration[],
  onApplied: (name: string) => void,
): Promise<readonly string[]> {
  await connection.query(CREATE_RECORD_TABLE);
  const [rows] = await connection.query<RowDataPacket[]>("SELECT name, checksum FROM schema_migrations");
  const recorded = new Map(rows.map((row) => [readText(row, "name"), readText(row, "checksum")]));
  refuseChanged(migrations, recorded);
  const applied: string[] = [];
  for (const migration of migrations) {
    if (recorded.has(migration.name)) continue;
    await runOne(connection, migration);
    applied.push(migration.name);
    onApplied(migration.name);
  }
  return applied;
}

function refuseChanged(migrations: readonly Migration[], recorded: ReadonlyMap<string, string>): void {
  const changed = migrations.filter(({ name, checksum }) => recorded.has(name) && recorded.get(name) !== checksum);
  if (changed.length === 0) return;
  const names = changed.map(({ name }) => name).join(", ");
  throw new Error(`changed after they ran: ${names}. Migrations are append-only: restore the file and write a new one`);
}

async function runOne(connection: Connection, migration: Migration): Promise<void> {
  try {
    await connection.query(migration.sql);
  } catch (error) {
    throw new Error(`migration ${migration.name} failed: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
  await connection.query("INSERT INTO schema_migrations (name, checksum, at) VALUES (?, ?, UTC_TIMESTAMP(3))", [
    migration.name,
    migration.checksum,
  ]);
}

export type SchemaCheck =
  | { readonly ready: true }
  | { readonly ready: false; readonly missing: readonly string[]; readonly changed: readonly string[] };

/**
 * Whether every migration this build ships has run with equal content. Additional ones are fine: expand now, contract one
 * release later. Throws `database_unavailable`.
 */
export async function checkSchema(database: Pick<SqlHandle, "select">, directory?: string): Promise<SchemaCheck> {
  const migrations = directory === undefined ? shippedMigrations() : loadMigrations(directory);
  const recorded = await readRecorded(database);
  const missing = migrations.filter(({ name }) => !recorded.has(name)).map(({ name }) => name);
  const changed = migrations
    .filter(({ name, checksum }) => recorded.has(name) && recorded.get(name) !== checksum)
    .map(({ name }) => name);
  return missing.length + changed.length === 0 ? { ready: true } : { ready: false, missing, changed };
}

let shipped: readonly Migration[] | undefined;

/** Read once: a readiness probe asks every few seconds, and the files of a build do not change under it. */
function shippedMigrations(): readonly Migration[] {
  return (shipped ??= loadMigrations());
}

/** 1146 = no such table: nothing ever ran here. */
async function readRecorded(database: Pick<SqlHandle, "select">): Promise<ReadonlyMap<string, string>> {
  try {
    const rows = await database.select("SELECT name, checksum FROM schema_migrations");
    return new Map(rows.map((row) => [readText(row, "name"), readText(row, "checksum")]));
  } catch (error) {
    if ((error as { errno?: unknown }).errno === 1146) return new Map();
    throw error;
  }
}

/** For start-up and readiness: throws `not_ready` naming what is missing in the log. */
export async function requireSchema(database: Pick<SqlHandle, "select">): Promise<void> {
  const check = await checkSchema(database);
  if (check.ready) return;
  throw new AppError("not_ready", {
    internal: `schema: missing [${check.missing.join(", ")}], changed [${check.changed.join(", ")}]`,
  });
}
