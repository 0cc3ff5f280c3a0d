import { readFileSync } from "node:fs";

import { createPool, type ConnectionOptions, type Pool, type PoolConnection, type PoolOptions } from "mysql2";

import type { Transactions } from "@arkrelay/core/ports/transactions";

import { CoarseTimeouts } from "./coarse-timeouts";
import { parseDatabaseUrl } from "./database-url";
import { databaseUnavailable, isDatabaseUnavailable } from "./driver-errors";
import type { Row } from "./row";
import type { QueryObserver } from "./send-statement";
import {
  createSqlHandle,
  type Orm,
  type SqlHandle,
  type SqlParam,
  type Statement,
  type WriteResult,
} from "./sql-handle";
import { createTransactions, joinTransaction } from "./transactions";

export interface DatabaseOptions {
  /** `mysql://`, `mariadb://` or `mysql+pymysql://`. */
  readonly url: string;
  /** Connections kept when idle. */
  readonly poolSize?: number;
  /** Connections opened above `poolSize` under load and closed again. */
  readonly maxOverflow?: number;
  /** How long a caller waits for a connection before `database_unavailable`. */
  readonly acquireTimeoutMs?: number;
  /** Idle connections are closed after this. */
  readonly recycleSeconds?: number;
  /** Path of a CA file; with it TLS is required. */
  readonly tlsCa?: string | undefined;
  readonly statementTimeoutMs?: number;
  readonly observeQuery?: QueryObserver;
}

export interface PoolStats {
  readonly poolSize: number;
  readonly maxOverflow: number;
  readonly totalConnections: number;
  readonly activeConnections: number;
  readonly idleConnections: number;
  readonly waiting: number;
  /** Since the process started. */
  readonly checkouts: number;
  readonly connectionsOpened: number;
}

/**
 * Statements run on it directly take a connection each, in autocommit mode; what belongs together runs in `transactions`. Inside
 * the work of a transaction they join it, so that a store's read needs no second connection and sees what was just written.
 */
export interface Database extends SqlHandle {
  readonly transactions: Transactions;
  /** SELECT 1 on a pooled connection; throws `database_unavailable`. */
  ping(): Promise<void>;
  poolStats(): PoolStats;
  /** Waits for statements that run, then closes every connection. */
  close(): Promise<void>;
}

const DEFAULTS = {
  poolSize: 10,
  maxOverflow: 5,
  acquireTimeoutMs: 5_000,
  recycleSeconds: 1_800,
  statementTimeoutMs: 30_000,
};

/** Opens no connection by itself: the first statement does. */
export function openDatabase(options: DatabaseOptions): Database {
  return new PooledDatabase({ ...DEFAULTS, ...options });
}

class PooledDatabase implements Database {
  readonly transactions: Transactions;
  private readonly handle: SqlHandle;
  private readonly pool: Pool;
  private readonly timeouts = new CoarseTimeouts();
  private checkouts = 0;
  private connectionsOpened = 0;

  constructor(private readonly settings: Settings) {
    this.pool = createPool(poolOptions(settings));
    this.pool.on("connection", (connection) => {
      this.connectionsOpened++;
      prepareSession(connection);
    });
    const { statementTimeoutMs, observeQuery: observe = () => undefined } = settings;
    const options = { statementTimeoutMs, observe, timeouts: this.timeouts };
    const acquire = () => this.acquire();
    const transactions = { ...options, acquire };
    this.transactions = createTransactions(transactions);
    this.handle = createSqlHandle({
      ...options,
      use: (work) => joinTransaction(transactions, work) ?? lend(acquire, work),
    });
  }

  get orm(): Orm {
    return this.handle.orm;
  }

  select(sql: string, params?: readonly SqlParam[]): Promise<readonly Row[]> {
    return this.handle.select(sql, params);
  }

  write(sql: string, params?: readonly SqlParam[]): Promise<WriteResult> {
    return this.handle.write(sql, params);
  }

  selectOnce(sql: string, params?: readonly SqlParam[]): Promise<readonly Row[]> {
    return this.handle.selectOnce(sql, params);
  }

  writeOnce(sql: string, params?: readonly SqlParam[]): Promise<WriteResult> {
    return this.handle.writeOnce(sql, params);
  }

  writeAndSelect(write: Statement, look: Statement): Promise<readonly Row[]> {
    return this.handle.writeAndSelect(write, look);
  }

  async ping(): Promise<void> {
    await this.select("SELECT 1");
  }

  poolStats(): PoolStats {
    const { poolSize, maxOverflow } = this.settings;
    const { checkouts, connectionsOpened } = this;
    return { ...readPool(this.pool), checkouts, connectionsOpened, poolSize, maxOverflow };
  }

  close(): Promise<void> {
    return this.pool.promise().end();
  }

  /** The pool itself would wait for ever. A connection that comes too late goes straight back. */
  private acquire(): Promise<PoolConnection> {
    const { acquireTimeoutMs } = this.settings;
    return new Promise((resolve, reject) => {
      const timeout = this.timeouts.start(acquireTimeoutMs, () =>
        reject(databaseUnavailable(new Error(`no database connection within ${acquireTimeoutMs} ms`))),
      );
      this.pool.getConnection((error, connection) => {
        const isInTime = this.timeouts.cancel(timeout);
        // Whatever keeps us from connecting (a refused password too) is an outage to the caller and a text in the log.
        if (error !== null) return reject(databaseUnavailable(error));
        if (!isInTime) return connection.release();
        this.checkouts++;
        return resolve(connection);
      });
    });
  }
}

type Settings = DatabaseOptions & typeof DEFAULTS;

function poolOptions(settings: Settings): PoolOptions {
  return {
    ...connectionOptions(settings),
    // A transaction sends what needs no answer of its own together with its next statement; `sendStatement` guards the texts.
    multipleStatements: true,
    connectionLimit: settings.poolSize + settings.maxOverflow,
    maxIdle: settings.poolSize,
    idleTimeout: settings.recycleSeconds * 1000,
    connectTimeout: settings.acquireTimeoutMs,
  };
}

/** What every connection of ours needs, pooled or not. */
export function connectionOptions(options: Pick<DatabaseOptions, "url" | "tlsCa">): ConnectionOptions {
  return {
    ...parseDatabaseUrl(options.url),
    // A peer that vanished without a FIN is noticed in minutes instead of hours.
    enableKeepAlive: true,
    keepAliveInitialDelay: 10_000,
    // Without it BIGINT above 2^53 passes through a float and comes back changed.
    supportBigNumbers: true,
    timezone: "Z",
    charset: "utf8mb4_bin",
    multipleStatements: false,
    ...(options.tlsCa === undefined
      ? {}
      : { ssl: { ca: readFileSync(options.tlsCa, "utf8"), rejectUnauthorized: true } }),
  };
}

/**
 * Queued before the first statement of a new connection. READ COMMITTED: no gap locks, and a re-read sees what a lock waited for.
 * The strict mode is set here because a server with another default would cut values off silently.
 */
function prepareSession(connection: PoolConnection): void {
  const close = (error: unknown): void => {
    if (error !== null) connection.destroy();
  };
  connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", close);
  connection.query(
    "SET SESSION innodb_lock_wait_timeout = 5, time_zone = '+00:00', " +
      "sql_mode = 'STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION'",
    close,
  );
}

/** One statement in autocommit mode. A connection that failed to answer is not given to the next caller. */
async function lend<T>(
  acquire: () => Promise<PoolConnection>,
  work: (connection: PoolConnection) => Promise<T>,
): Promise<T> {
  const connection = await acquire();
  try {
    const result = await work(connection);
    connection.release();
    return result;
  } catch (error) {
    if (isDatabaseUnavailable(error)) connection.destroy();
    else connection.release();
    throw error;
  }
}

/** mysql2 keeps these counts in fields without a public name (3.24 lib/base/pool.js); absent ones read as 0. */
interface PoolInternals {
  readonly _allConnections?: { readonly length: number };
  readonly _freeConnections?: { readonly length: number };
  readonly _connectionQueue?: { readonly length: number };
}

function readPool(
  pool: Pool,
): Pick<PoolStats, "totalConnections" | "activeConnections" | "idleConnections" | "waiting"> {
  const internals = pool as unknown as PoolInternals;
  const totalConnections = internals._allConnections?.length ?? 0;
  const idleConnections = internals._freeConnections?.length ?? 0;
  return {
    totalConnections,
    idleConnections,
    activeConnections: totalConnections - idleConnections,
    waiting: internals._connectionQueue?.length ?? 0,
  };
}
