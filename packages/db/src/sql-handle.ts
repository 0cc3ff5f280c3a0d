import { drizzle, type MySql2Database } from "drizzle-orm/mysql2";
import type { Pool, PoolConnection, QueryOptions } from "mysql2";

import { mapDriverError } from "./driver-errors";
import type { Row } from "./row";
import {
  sendStatement,
  toText,
  type StatementOptions,
  type StatementResult,
  type StatementValue,
} from "./send-statement";

/** A parameter of a statement; never undefined. */
export type SqlParam = StatementValue;

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
  /** A write and a look at what it did, in one packet. Outside a transaction each is one of its own, as if sent apart. */
  writeAndSelect(write: Statement, look: Statement): Promise<readonly Row[]>;
}

export interface Statement {
  readonly sql: string;
  readonly params: readonly SqlParam[];
}

/** One statement on a connection; `before` = texts that go ahead of it in the same packet. */
export type LentStatement<T> = (connection: PoolConnection, before?: readonly string[]) => Promise<T>;

/** Lends a connection to one statement: the pool's way is acquire and release, a transaction's is its own connection. */
export type UseConnection = <T>(work: LentStatement<T>) => Promise<T>;

export interface SqlHandleOptions extends StatementOptions {
  readonly use: UseConnection;
}

export function createSqlHandle(options: SqlHandleOptions): SqlHandle {
  let orm: Orm | undefined;
  return {
    // Made on first use: a transaction of hand-written statements never pays for it.
    get orm() {
      return (orm ??= createOrm(options));
    },
    select: async (sql, params = []) => toRows(await runStatement(options, "execute", { sql }, params)),
    write: async (sql, params = []) => toWriteResult(await runStatement(options, "execute", { sql }, params)),
    selectOnce: async (sql, params = []) => toRows(await runStatement(options, "query", { sql }, params)),
    writeOnce: async (sql, params = []) => toWriteResult(await runStatement(options, "query", { sql }, params)),
    writeAndSelect: async (write, look) =>
      toRows(await runStatement(options, "query", { sql: look.sql }, look.params, write)),
  };
}

async function runStatement(
  options: SqlHandleOptions,
  protocol: "execute" | "query",
  statement: QueryOptions,
  values: readonly SqlParam[],
  first?: Statement,
): Promise<StatementResult> {
  try {
    return await options.use((connection, waiting = []) => {
      const before = first === undefined ? waiting : [...waiting, toText(connection, first.sql, first.params)];
      return sendStatement(options, connection, protocol, statement, values, before);
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

/** drizzle on top of the same lending, so its statements are bounded, observed and mapped like ours. */
function createOrm(options: SqlHandleOptions): Orm {
  const query = async (statement: string | QueryOptions, values: readonly SqlParam[] = []) => {
    const asked = typeof statement === "string" ? { sql: statement } : statement;
    return [await runStatement(options, "query", asked, values), []];
  };
  // drizzle calls nothing but query and execute on a client without getConnection (drizzle-orm 0.45 mysql2/session.js).
  const client = { query, execute: query } as unknown as Pool;
  return drizzle(client);
}
