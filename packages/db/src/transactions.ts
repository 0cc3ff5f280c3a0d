import { AsyncLocalStorage } from "node:async_hooks";
import { setTimeout as delay } from "node:timers/promises";

import type { PoolConnection } from "mysql2";

import { assert } from "@arkrelay/core/errors";
import type { Transactions, Tx } from "@arkrelay/core/ports/transactions";

import {
  databaseUnavailable,
  isDatabaseUnavailable,
  isRetryableConflict,
  isStatementTimeout,
  mapDriverError,
} from "./driver-errors";
import { EarlierStatementFailed, sendStatement, toText, type StatementOptions } from "./send-statement";
import { createSqlHandle, type LentStatement, type SqlHandle, type SqlParam } from "./sql-handle";

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
  /** Texts that go to the server with the next statement: BEGIN with the first one, and what `writeLater` was given. */
  waiting: string[];
  /** Texts that go with COMMIT (`writeLast`). */
  last: string[];
  /** Whether the server has answered anything since BEGIN; before that a dead connection has cost nothing. */
  isAnswered: boolean;
  /** What `run` does once this has ended. */
  readonly afterEnd: ((isCommitted: boolean) => Promise<void>)[];
}

const BEGIN = "BEGIN";
/** A connection that was idle for longer may have died unnoticed: it is tried before anything that cannot be run again. */
const TRUSTED_IDLE_MS = 1_000;
/** When a transaction last ended well on a connection. */
const usedAt = new WeakMap<PoolConnection, number>();

/** The transaction whose `work` is running, so that a statement on the database joins it; see `joinTransaction`. */
const running = new AsyncLocalStorage<OpenTransaction>();

/**
 * Lends the connection of the transaction that is running around the caller, if there is one of this database. Without it a
 * read inside a transaction would take a second connection, and under load every transaction would hold one and wait for another.
 */
export function joinTransaction<T>(options: TransactionOptions, statement: LentStatement<T>): Promise<T> | undefined {
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

/**
 * A write whose result nobody looks at. It goes to the server ahead of the transaction's next statement, in the same packet, with
 * COMMIT at the latest: a round trip less. When it fails, the transaction does, whatever is made of the error of the statement it
 * went with.
 */
export function writeLater(tx: Tx, sql: string, params: readonly SqlParam[] = []): void {
  const open = openTransactionOf(tx);
  open.waiting.push(toOpenText(open, sql, params));
}

/** A write to rows that everybody writes: goes with COMMIT, after all else, so that they are locked as briefly as can be. */
export function writeLast(tx: Tx, sql: string, params: readonly SqlParam[] = []): void {
  const open = openTransactionOf(tx);
  open.last.push(toOpenText(open, sql, params));
}

function toOpenText(open: OpenTransaction, sql: string, params: readonly SqlParam[]): string {
  if (open.state === "broken") throw open.breakCause;
  assert(open.state === "open", "a statement after its transaction ended");
  return toText(open.connection, sql, params);
}

export function createTransactions(options: TransactionOptions): Transactions {
  return {
    async run<T>(work: (tx: Tx) => Promise<T>): Promise<T> {
      for (let attempt = 1; ; attempt++) {
        const outcome = await attemptTransaction(options, work);
        const isLast = outcome.ok || !outcome.again || attempt === ATTEMPTS_MAX;
        if (isLast) for (const act of outcome.afterEnd) await act(outcome.ok);
        if (outcome.ok) return outcome.value;
        if (!outcome.again) throw mapDriverError(outcome.error);
        if (isLast) throw databaseUnavailable(outcome.error);
        // Jitter, or the two that collided collide again.
        await delay(RETRY_DELAY_MS * attempt * (0.5 + Math.random()));
      }
    },
    savepoint: (tx, work) => runSavepoint(options, openTransactionOf(tx), work),
    afterEnd: (tx, work) => void openTransactionOf(tx).afterEnd.push(work),
  };
}

type Outcome<T> = { readonly afterEnd: OpenTransaction["afterEnd"] } & (
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown; readonly again: boolean }
);

async function attemptTransaction<T>(options: TransactionOptions, work: (tx: Tx) => Promise<T>): Promise<Outcome<T>> {
  const connection = await options.acquire();
  const open = openTransaction(options, connection);
  const tx = Object.freeze({}) as Tx;
  openTransactions.set(tx, open);
  try {
    const value = await running.run(open, () => work(tx));
    await commit(options, open);
    usedAt.set(connection, performance.now());
    connection.release();
    return { ok: true, value, afterEnd: open.afterEnd };
  } catch (error) {
    open.state = "ended";
    // After a timeout the late answer would be taken for that of the next statement: such a connection is only closed.
    if (isDatabaseUnavailable(open.breakCause) || isDatabaseUnavailable(error)) connection.destroy();
    else await rollBack(options, open);
    // A work that wraps or swallows a deadlock is still one that met a deadlock.
    const met = [open.breakCause, error];
    return { ok: false, error, again: met.some(isRetryableConflict) || diedUnused(open), afterEnd: open.afterEnd };
  }
}

/** An idle connection may have died unnoticed; nothing has happened yet, so another one may be tried. */
function diedUnused(open: OpenTransaction): boolean {
  return !open.isAnswered && isDatabaseUnavailable(open.breakCause) && !isStatementTimeout(open.breakCause);
}

async function commit(options: TransactionOptions, open: OpenTransaction): Promise<void> {
  const isUnsent = open.waiting[0] === BEGIN;
  open.waiting.push(...open.last);
  // Nothing was asked of the server.
  if (isUnsent && open.waiting.length === 1) open.waiting = [];
  else if (isUnsent && performance.now() - (usedAt.get(open.connection) ?? 0) > TRUSTED_IDLE_MS) {
    open.waiting.shift();
    await useOpen(open, (connection) => send(options, connection, BEGIN), []);
  }
  if (open.state === "broken") throw open.breakCause;
  open.state = "ended";
  // A connection lost here leaves the outcome unknown: reported as `database_unavailable`, never run again from here.
  if (open.isAnswered || open.waiting.length > 0) await send(options, open.connection, "COMMIT", takeWaiting(open));
}

function openTransaction(options: TransactionOptions, connection: PoolConnection): OpenTransaction {
  const open: OpenTransaction = {
    connection,
    owner: options,
    state: "open",
    breakCause: undefined,
    savepoints: 0,
    waiting: [BEGIN],
    last: [],
    isAnswered: false,
    afterEnd: [],
    handle: createSqlHandle({
      ...options,
      use: (statement) => useOpen(open, statement),
    }),
  };
  return open;
}

async function useOpen<T>(
  open: OpenTransaction,
  statement: LentStatement<T>,
  before: readonly string[] = takeWaiting(open),
): Promise<T> {
  if (open.state === "broken") throw open.breakCause;
  assert(open.state === "open", "a statement after its transaction ended");
  try {
    const result = await statement(open.connection, before);
    open.isAnswered = true;
    return result;
  } catch (error) {
    if (isServerUndone(error) || isDatabaseUnavailable(error) || error instanceof EarlierStatementFailed) {
      open.state = "broken";
      open.breakCause = error;
    } else open.isAnswered = true;
    throw error;
  }
}

function takeWaiting(open: OpenTransaction): readonly string[] {
  const taken = open.waiting;
  open.waiting = [];
  return taken;
}

/** 1205 undoes only its statement (innodb_rollback_on_timeout is off), so the transaction stays usable after it. */
function isServerUndone(error: unknown): boolean {
  return isRetryableConflict(error) && (error as { errno?: unknown }).errno !== 1205;
}

async function runSavepoint<T>(options: TransactionOptions, open: OpenTransaction, work: () => Promise<T>): Promise<T> {
  const use = (sql: string) => useOpen(open, (connection, before) => send(options, connection, sql, before));
  // Numbered, because MariaDB replaces a savepoint of the same name instead of nesting it.
  const name = `sp${++open.savepoints}`;
  const begin = `SAVEPOINT ${name}`;
  const lastBefore = open.last.length;
  // It goes with the first statement of the work, like BEGIN with the transaction's.
  open.waiting.push(begin);
  try {
    const value = await work();
    // Sends what still waits, so that its failure is the savepoint's.
    await use(`RELEASE SAVEPOINT ${name}`);
    return value;
  } catch (error) {
    const unsentAt = open.waiting.indexOf(begin);
    // What waits since the savepoint is undone by never being sent.
    open.waiting.length = Math.max(unsentAt, 0);
    open.last.length = lastBefore;
    // After a deadlock the savepoint is gone together with everything else.
    if (open.state === "open" && unsentAt === -1) await use(`ROLLBACK TO SAVEPOINT ${name}`);
    throw error;
  }
}

/** A connection that cannot even roll back is closed, which makes the server roll back. */
async function rollBack(options: TransactionOptions, open: OpenTransaction): Promise<void> {
  const { connection } = open;
  try {
    // Waiting still: the server knows nothing of this transaction.
    if (open.waiting[0] !== BEGIN) await send(options, connection, "ROLLBACK");
    connection.release();
  } catch {
    connection.destroy();
  }
}

async function send(
  options: TransactionOptions,
  connection: PoolConnection,
  sql: string,
  before: readonly string[] = [],
): Promise<void> {
  await sendStatement(options, connection, "query", { sql }, [], before);
}
