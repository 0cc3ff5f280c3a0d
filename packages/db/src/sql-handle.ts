import { drizzle, type MySql2Database } from "drizzle-orm/mysql2";
import type { Pool, PoolConnection, QueryOptions, ResultSetHeader, RowDataPacket } from "mysql2/promise";

import { mapDriverError } from "./driver-errors";
import type { Row } from "./row";

/** undefined is left out on purpose: the driver refuses it at run time. */
export type SqlParam = string | number | bigint | boolean | Date | Uint8Array | null;

/** Query builder. `transaction` is hidden: transactions are opened by Transactions alone, which retries and guards them. */
export type Orm = Omit<MySql2Database, "transaction" | "$client">;

export interface WriteResult {
  /** Rows **matched** by the WHERE of an UPDATE (the FOUND_ROWS flag is on), so a compare-and-set that writes equal values still counts. */
  readonly affectedRows: number;
  /** AUTO_INCREMENT id of the (first) inserted row, 0 when there is none. */
  readonly insertId: number;
}

/**
 * Runs statements, on the pool or inside one transaction. Errors are mapped by `mapDriverError`.
 * Texts given to `select` and `write` must be constants: each is prepared once per connection and kept there.
 */
export interface SqlHandle {
  readonly orm: Orm;
  select(sql: string, params?: readonly SqlParam[]): Promise<readonly Row[]>;
  write(sql: string, params?: readonly SqlParam[]): Promise<WriteResult>;
  /** Text protocol, for statements whose text varies (lists of placeholders): preparing each would fill the server's cache. */
  selectOnce(sql: string, params?: readonly SqlParam[]): Promise<readonly Row[]>;
  writeOnce(sql: string, params?: readonly SqlParam[]): Promise<WriteResult>;
}

/** First word of a statement, the only label of the query metric. */
export type QueryType = "select" | "insert" | "update" | "delete" | "begin" | "commit" | "rollback" | "other";

/** Called once per statement, failed ones included. */
export type QueryObserver = (queryType: QueryType, seconds: number) => void;

/** Lends a connection to one statement: the pool's way is acquire and release, a transaction's is its own connection. */
export type UseConnection = <T>(work: (connection: PoolConnection) => Promise<T>) => Promise<T>;

export interface SqlHandleOptions {
  readonly use: UseConnection;
  readonly observe: QueryObserver;
  /** A statement without answer for this long loses its connection and becomes `database_unavailable`. */
  readonly statementTimeoutMs: number;
}

export function createSqlHandle(options: SqlHandleOptions): SqlHandle {
  const { statementTimeoutMs: timeout } = options;
  const prepared = (sql: string, values: readonly SqlParam[]) =>
    runStatement(options, sql, (connection) =>
      connection.execute<RowDataPacket[] | ResultSetHeader>({ sql, timeout }, [...values]),
    );
  const plain = (sql: string, values: readonly SqlParam[]) =>
    runStatement(options, sql, (connection) =>
      connection.query<RowDataPacket[] | ResultSetHeader>({ sql, timeout }, [...values]),
    );
  let orm: Orm | undefined;
  return {
    // Made on first use: a transaction of hand-written statements never pays for it.
    get orm() {
      return (orm ??= createOrm(options));
    },
    select: async (sql, params = []) => toRows(await prepared(sql, params)),
    write: async (sql, params = []) => toWriteResult(await prepared(sql, params)),
    selectOnce: async (sql, params = []) => toRows(await plain(sql, params)),
    writeOnce: async (sql, params = []) => toWriteResult(await plain(sql, params)),
  };
}

type StatementResult = RowDataPacket[] | ResultSetHeader;

async function runStatement(
  options: SqlHandleOptions,
  sql: string,
  send: (connection: PoolConnection) => Promise<[StatementResult, unknown]>,
): Promise<StatementResult> {
  try {
    return await options.use(async (connection) => {
      const startedAt = performance.now();
      try {
        const [result] = await send(connection);
        return result;
      } finally {
        options.observe(queryTypeOf(sql), (performance.now() - startedAt) / 1000);
      }
    });
  } catch (error) {
    throw mapDriverError(error);
  }
}

function toRows(result: StatementResult): readonly Row[] {
  return Array.isArray(result) ? result : [];
}

function toWriteResult(result: StatementResult): WriteResult {
  if (Array.isArray(result)) return { affectedRows: 0, insertId: 0 };
  return { affectedRows: result.affectedRows, insertId: result.insertId };
}

const QUERY_TYPES: ReadonlySet<string> = new Set([
  "select",
  "insert",
  "update",
  "delete",
  "begin",
  "commit",
  "rollback",
]);

function isQueryType(word: string): word is QueryType {
  return QUERY_TYPES.has(word);
}

/** `SET STATEMENT … FOR INSERT` counts as what it runs. */
function queryTypeOf(sql: string): QueryType {
  const word = /^\s*(?:SET STATEMENT\s.*?\sFOR\s+)?([a-z]+)/i.exec(sql)?.[1]?.toLowerCase() ?? "other";
  return isQueryType(word) ? word : "other";
}

/** drizzle on top of the same lending, so its statements are bounded, observed and mapped like ours. */
function createOrm(options: SqlHandleOptions): Orm {
  const query = async (statement: string | QueryOptions, values?: SqlParam[]) => {
    const asked = typeof statement === "string" ? { sql: statement } : statement;
    return [
      await runStatement(options, asked.sql, (connection) =>
        connection.query<StatementResult>({ ...asked, timeout: options.statementTimeoutMs }, values ?? asked.values),
      ),
      [],
    ];
  };
  // drizzle calls nothing but query and execute on a client without getConnection (drizzle-orm 0.45 mysql2/session.js).
  const client = { query, execute: query } as unknown as Pool;
  return drizzle(client);
}
