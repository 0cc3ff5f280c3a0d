import { AppError } from "@arkrelay/core/errors";

/** A unique index refused a row. Stores catch it: it is the answer to "insert first, then look". */
export class DuplicateKeyError extends Error {
  constructor(
    /** Name of the index that refused, as the migrations spell it. */
    readonly indexName: string,
    cause: unknown,
  ) {
    super(`duplicate key in ${indexName}`, { cause });
    this.name = "DuplicateKeyError";
  }
}

/** 1213 deadlock, 1205 lock wait timeout, 1020 record changed since last read (innodb_snapshot_isolation, on from 11.6). */
const RETRYABLE_ERRNOS: ReadonlySet<number> = new Set([1213, 1205, 1020]);

/** The server is there but cannot serve: too many connections, shutting down, read-only after a fail-over, Galera not ready, killed, statement timeout. */
const UNAVAILABLE_ERRNOS: ReadonlySet<number> = new Set([
  1040, 1047, 1053, 1077, 1158, 1159, 1160, 1161, 1203, 1226, 1290, 1792, 1836, 1927, 1969,
]);

const UNAVAILABLE_CODES: ReadonlySet<string> = new Set([
  "PROTOCOL_CONNECTION_LOST",
  "PROTOCOL_SEQUENCE_TIMEOUT",
  "PROTOCOL_ENQUEUE_AFTER_FATAL_ERROR",
  "PROTOCOL_ENQUEUE_AFTER_QUIT",
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
]);

/** A statement on a connection that is gone has no code of its own. */
const CLOSED_CONNECTION = /in closed state|Pool is closed/;

interface DriverError {
  readonly errno?: unknown;
  readonly code?: unknown;
  readonly message?: unknown;
  readonly cause?: unknown;
}

/** How deep causes are searched: drizzle wraps once, a store perhaps once more. */
const CAUSE_DEPTH_MAX = 5;

/** The error and its causes: drizzle and the stores wrap what the driver threw. */
function* chainOf(error: unknown): Generator<DriverError> {
  let current: unknown = error;
  for (let depth = 0; depth < CAUSE_DEPTH_MAX && typeof current === "object" && current !== null; depth++) {
    yield current;
    current = (current as DriverError).cause;
  }
}

function hasErrno(error: DriverError, errnos: ReadonlySet<number>): boolean {
  return typeof error.errno === "number" && errnos.has(error.errno);
}

/** Whether the whole transaction may be run again: the server undid it (or we must), nothing of it was committed. */
export function isRetryableConflict(error: unknown): boolean {
  for (const link of chainOf(error)) if (hasErrno(link, RETRYABLE_ERRNOS)) return true;
  return false;
}

/** Whether the failure is the connection's or server's, not the statement's. */
export function isDatabaseUnavailable(error: unknown): boolean {
  for (const link of chainOf(error)) {
    if (link instanceof AppError) return link.code === "database_unavailable";
    if (hasErrno(link, UNAVAILABLE_ERRNOS)) return true;
    if (typeof link.code === "string" && UNAVAILABLE_CODES.has(link.code)) return true;
    if (typeof link.message === "string" && CLOSED_CONNECTION.test(link.message)) return true;
  }
  return false;
}

/** Our own limit, after which nobody knows what the server is doing with the statement. */
export function isStatementTimeout(error: unknown): boolean {
  for (const link of chainOf(error)) if (link.code === "PROTOCOL_SEQUENCE_TIMEOUT") return true;
  return false;
}

/** The DuplicateKeyError in an error's causes; with `indexName` only when that index refused. */
function findDuplicateKey(error: unknown, indexName?: string): DuplicateKeyError | undefined {
  for (const link of chainOf(error)) {
    if (link instanceof DuplicateKeyError)
      return indexName === undefined || link.indexName === indexName ? link : undefined;
  }
  return undefined;
}

export function isDuplicateKey(error: unknown, indexName?: string): boolean {
  return findDuplicateKey(error, indexName) !== undefined;
}

/** 503 with the driver's text in the log only. */
export function databaseUnavailable(cause: unknown): AppError {
  const internal = cause instanceof Error ? cause.message : String(cause);
  return new AppError("database_unavailable", { cause, internal, retryAfterSeconds: 1 });
}

/**
 * One mapping for every statement: duplicate key -> DuplicateKeyError, lost or overloaded server -> `database_unavailable`,
 * anything else (conflicts included, which Transactions retries) as it came.
 */
export function mapDriverError(error: unknown): unknown {
  if (error instanceof AppError || error instanceof DuplicateKeyError) return error;
  for (const link of chainOf(error)) {
    if (link.errno === 1062) return new DuplicateKeyError(indexNameOf(String(link.message)), error);
  }
  return isDatabaseUnavailable(error) ? databaseUnavailable(error) : error;
}

/** "Duplicate entry 'x' for key 'uq_name'"; MySQL 8 and TiDB write `table.uq_name`. */
function indexNameOf(message: string): string {
  const name = /for key '([^']+)'$/.exec(message)?.[1] ?? "unknown";
  return name.slice(name.lastIndexOf(".") + 1);
}
