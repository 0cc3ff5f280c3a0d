import type { PoolConnection, QueryError, QueryOptions, ResultSetHeader, RowDataPacket } from "mysql2";

import type { CoarseTimeouts } from "./coarse-timeouts";

/** First word of a statement, the only label of the query metric. */
export type QueryType = "select" | "insert" | "update" | "delete" | "begin" | "commit" | "rollback" | "other";

/** Called once per statement, failed ones included. */
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
 */
export function sendStatement(
  options: StatementOptions,
  connection: PoolConnection,
  protocol: "execute" | "query",
  statement: QueryOptions,
  values: readonly StatementValue[],
): Promise<StatementResult> {
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
      if (error === null) resolve(result);
      else reject(error);
    };
    if (protocol === "execute") connection.execute(statement, [...values], done);
    else connection.query(statement, [...values], done);
  });
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
