import type { PoolConnection, QueryError, QueryOptions, ResultSetHeader, RowDataPacket } from "mysql2";

import { assert } from "@arkrelay/core/errors";

import type { CoarseTimeouts } from "./coarse-timeouts";

/** First word of a statement, the only label of the query metric. */
export type QueryType = "select" | "insert" | "update" | "delete" | "begin" | "commit" | "rollback" | "other";

/** Called once per packet, failed ones included, with the kind of its last statement. */
export type QueryObserver = (queryType: QueryType, seconds: number) => void;

/** undefined is left out on purpose: the driver refuses it at run time. */
export type StatementValue = string | number | bigint | boolean | Date | Uint8Array | null;

export type StatementResult = RowDataPacket[] | ResultSetHeader;

export interface StatementOptions {
  readonly observe: QueryObserver;
  /** A statement without answer for this long loses its connection and becomes `database_unavailable`. */
  readonly statementTimeoutMs: number;
  readonly timeouts: CoarseTimeouts;
}

/**
 * Sends one statement, `execute` = prepared, `query` = as text. Rejects with what the driver says, or after the timeout with
 * PROTOCOL_SEQUENCE_TIMEOUT: the connection must be destroyed then, for its late answer would be taken for another's.
 * Texts of `before` (see `toText`) run first, in the same packet and thus as text; the server stops at the first that fails.
 */
export function sendStatement(
  options: StatementOptions,
  connection: PoolConnection,
  protocol: "execute" | "query",
  statement: QueryOptions,
  values: readonly StatementValue[],
  before: readonly string[] = [],
): Promise<StatementResult> {
  assertSingle(statement.sql);
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const observe = (): void => options.observe(queryTypeOf(statement.sql), (performance.now() - startedAt) / 1000);
    const timeout = options.timeouts.start(options.statementTimeoutMs, () => {
      observe();
      reject(timeoutError(options.statementTimeoutMs));
    });
    const done = (error: QueryError | null, result: StatementResult): void => {
      // After a timeout this is the late answer: the promise is settled and nothing may be counted twice.
      if (!options.timeouts.cancel(timeout)) return;
      observe();
      if (error === null) resolve(before.length === 0 ? result : lastOf(result));
      else reject(answered < before.length ? new EarlierStatementFailed(error) : error);
    };
    let answered = 0;
    if (before.length > 0) {
      const sql = [...before, connection.format(statement.sql, [...values])].join("; ");
      connection.query({ ...statement, sql }, done).on("result", () => answered++);
    } else if (protocol === "execute") connection.execute(statement, [...values], done);
    else connection.query(statement, [...values], done);
  });
}

/** Not the statement itself failed but one that went ahead of it in its packet; the driver's error is the cause. */
export class EarlierStatementFailed extends Error {
  constructor(cause: QueryError) {
    super(`an earlier statement of the packet failed: ${cause.message}`, { cause });
    this.name = "EarlierStatementFailed";
  }
}

/** A statement with its values in it, to be sent with a later one. */
export function toText(connection: PoolConnection, sql: string, values: readonly StatementValue[]): string {
  assertSingle(sql);
  return connection.format(sql, [...values]);
}

/**
 * Connections take several statements in one packet, which is how an injected one would get in. So a text is looked at while its
 * values are still outside: none of ours has this character, and one that was put together from somebody's input stops here.
 */
function assertSingle(sql: string): void {
  assert(!sql.includes(";"), "a statement with a semicolon");
}

/** One result per statement of the packet. */
function lastOf(results: StatementResult): StatementResult {
  assert(Array.isArray(results), "a packet of several statements has a list of results");
  const last: StatementResult | undefined = results.at(-1) as StatementResult | undefined;
  assert(last !== undefined, "a packet of several statements has several results");
  return last;
}

function timeoutError(timeoutMs: number): Error {
  return Object.assign(new Error(`no answer to a statement within ${timeoutMs} ms`), {
    code: "PROTOCOL_SEQUENCE_TIMEOUT",
  });
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
