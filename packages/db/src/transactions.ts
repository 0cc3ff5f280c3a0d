import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as delay } from "node:timers/promises";

import type { PoolConnection } from "mysql2";

import { assert } from "@arkrelay/core/errors";
import type { Transactions, Tx } from "@arkrelay/core/ports/transactions";

import { databaseUnavailable, isDatabaseUnavailable, isRetryableConflict, mapDriverError } from "./driver-errors";
import { sendStatement, type StatementOptions } from "./send-statement";
import { createSqlHandle, type SqlHandle } from "./sql-handle";

export interface TransactionOptions extends StatementOptions {
  /** Takes a connection out of the pool; throws `database_unavailable`. */
  readonly acquire: () => Promise<PoolConnection>;
}

/** Deadlocks are normal under load; a work that meets three in a row is waiting behind something worse. */
const ATTEMPTS_MAX = 3;
const RETRY_DELAY_MS = 10;

interface OpenTransaction {
  readonly handle: SqlHandle;
  /** Whose transaction it is; two databases may be open in one process. */
  readonly owner: TransactionOptions;
  readonly connection: PoolConnection;
  /**
   * `open` takes statements. `broken` = the server has undone it (deadlock) or the connection is gone: a further statement
   * would run in autocommit mode, outside any transaction, so it is refused and COMMIT is never sent.
   */
  state: "open" | "broken" | "ended";
  breakCause: unknown;
  savepoints: number;
}

/** The transaction whose `work` is running, so that a statement on the database joins it; see `joinTransaction`. */
const running = new AsyncLocalStorage<OpenTransaction>();

/**
 * Lends the connection of the transaction that is running around the caller, if there is one of this database. Without it a
 * read inside a transaction would take a second connection, and under load every transaction would hold one and wait for another.
 */
export function joinTransaction<T>(
  options: TransactionOptions,
  statement: (connection: PoolConnection) => Promise<T>,
): Promise<T> | undefined {
  const open = running.getStore();
  // What was started inside and goes on after COMMIT is outside again.
  if (open === undefined || open.owner !== options || open.state === "ended") return undefined;
  return useOpen(open, statement);
}

/** Tx is an opaque key; what it stands for is known here only. */
const openTransactions = new WeakMap<Tx, OpenTransaction>();

function openTransactionOf(tx: Tx): OpenTransaction {
  const open = openTransactions.get(tx);
  assert(open !== undefined, "a Tx that was not made by this package");
  return open;
}

/** How a store reaches its transaction. Works only while the `run` that made the Tx is on. */
export function connectionOf(tx: Tx): SqlHandle {
  return openTransactionOf(tx).handle;
}

export function createTransactions(options: TransactionOptions): Transactions {
  return {
    async run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
      for (let attempt = 1; ; attempt++) {
        const outcome = await attemptTransaction(options, work);
        if (outcome.ok) return outcome.value;
        if (!outcome.again) throw mapDriverError(outcome.error);
        if (attempt === ATTEMPTS_MAX) throw databaseUnavailable(outcome.error);
        // Jitter, or the two that collided collide again.
        await delay(RETRY_DELAY_MS * attempt * (0.5 + Math.random()));
      }
    },
    savepoint: (tx, work) => runSavepoint(options, openTransactionOf(tx), work),
  };
}

type Outcome<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown; readonly again: boolean };

async function attemptTransaction<T>(options: TransactionOptions, work: (tx: Tx) => Promise<T>): Promise<Outcome<T>> {
  const connection = await options.acquire();
  try {
    await send(options, connection, "BEGIN");
  } catch (error) {
    // An idle connection may have died unnoticed; nothing has happened yet, so another one may be tried.
    connection.destroy();
    return { ok: false, error, again: isDatabaseUnavailable(error) };
  }
  const open = openTransaction(options, connection);
  const tx = Object.freeze({}) as Tx;
  openTransactions.set(tx, open);
  try {
    const value = await running.run(open, () => work(tx));
    if (open.state === "broken") throw open.breakCause;
    open.state = "ended";
    // A connection lost here leaves the outcome unknown: reported as `database_unavailable`, never run again from here.
    await send(options, connection, "COMMIT");
    connection.release();
    return { ok: true, value };
  } catch (error) {
    open.state = "ended";
    // After a timeout the late answer would be taken for that of the next statement: such a connection is only closed.
    if (isDatabaseUnavailable(open.breakCause) || isDatabaseUnavailable(error)) connection.destroy();
    else await rollBack(options, connection);
    // A work that wraps or swallows a deadlock is still one that met a deadlock.
    return { ok: false, error, again: isRetryableConflict(open.breakCause) || isRetryableConflict(error) };
  }
}

function openTransaction(options: TransactionOptions, connection: PoolConnection): OpenTransaction {
  const open: OpenTransaction = {
    connection,
    owner: options,
    state: "open",
    breakCause: undefined,
    savepoints: 0,
    handle: createSqlHandle({
      ...options,
      use: (statement) => useOpen(open, statement),
    }),
  };
  return open;
}

async function useOpen<T>(open: OpenTransaction, statement: (connection: PoolConnection) => Promise<T>): Promise<T> {
  if (open.state === "broken") throw open.breakCause;
  assert(open.state === "open", "a statement after its transaction ended");
  try {
    return await statement(open.connection);
  } catch (error) {
    if (isServerUndone(error) || isDatabaseUnavailable(error)) {
      open.state = "broken";
      open.breakCause = error;
    }
    throw error;
  }
}

/** 1205 undoes only its statement (innodb_rollback_on_timeout is off), so the transaction stays usable after it. */
function isServerUndone(error: unknown): boolean {
  return isRetryableConflict(error) && (error as { errno?: unknown }).errno !== 1205;
}

async function runSavepoint<T>(options: TransactionOptions, open: OpenTransaction, work: () => Promise<T>): Promise<T> {
  // Numbered, because MariaDB replaces a savepoint of the same name instead of nesting it.
  const name = `sp${++open.savepoints}`;
  await useOpen(open, (connection) => send(options, connection, `SAVEPOINT ${name}`));
  try {
    const value = await work();
    await useOpen(open, (connection) => send(options, connection, `RELEASE SAVEPOINT ${name}`));
    return value;
  } catch (error) {
    // After a deadlock the savepoint is gone together with everything else.
    if (open.state === "open")
      await useOpen(open, (connection) => send(options, connection, `ROLLBACK TO SAVEPOINT ${name}`));
    throw error;
  }
}

/** A connection that cannot even roll back is closed, which makes the server roll back. */
async function rollBack(options: TransactionOptions, connection: PoolConnection): Promise<void> {
  try {
    await send(options, connection, "ROLLBACK");
    connection.release();
  } catch {
    connection.destroy();
  }
}

async function send(options: TransactionOptions, connection: PoolConnection, sql: string): Promise<void> {
  await sendStatement(options, connection, "query", { sql }, []);
}
