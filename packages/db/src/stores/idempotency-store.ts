import { z } from "zod";

import { AppError } from "@arkrelay/core/errors";
import type { Transactions, Tx } from "@arkrelay/core/ports/transactions";
import type { Sealer } from "@arkrelay/runtime/sealing";

import type { Database } from "../connection";
import { isDuplicateKey, isRetryableConflict } from "../driver-errors";
import { readBoolean, readInteger, readText, type Row } from "../row";
import type { SqlHandle } from "../sql-handle";
import { connectionOf, writeLater } from "../transactions";

/** What a client got, as it is given again: `body` is the JSON text, headers are those that belong to the answer. */
export interface StoredAnswer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

export interface IdempotentCall {
  /** Keys of different principals never meet. */
  readonly principal: string;
  /** Method and route template. */
  readonly route: string;
  readonly key: string;
  /** Hex digest of what makes two calls the same: the raw body, and the target where the template has parameters. */
  readonly bodySha256: string;
}

/** What a handler leaves for after the COMMIT besides its answer: wakes, above all. */
export type Handled<T> = { readonly answer: StoredAnswer } & T;

export type IdempotentOutcome<T> =
  | { readonly kind: "handled"; readonly result: Handled<T> }
  /** Refused for good by the handler just now; its answer is stored. */
  | { readonly kind: "refused"; readonly answer: StoredAnswer }
  | { readonly kind: "replayed"; readonly answer: StoredAnswer };

/** What a call does when its key is new. */
export interface IdempotentWork<T> {
  /**
   * What may take time, for example asking a daemon: before the transaction opens, once, and not for a call that has its answer
   * already. A refusal of it counts as one of the handler.
   */
  readonly prepare?: () => Promise<void>;
  /** The effect; again when the database asks for it. */
  readonly handle: (tx: Tx) => Promise<Handled<T>>;
}

export interface IdempotencyOptions {
  readonly database: Pick<Database, "select" | "transactions">;
  readonly sealer: Sealer;
  readonly ttlMs: number;
}

export interface Idempotency {
  /**
   * Has an effect at most once per (principal, route, key): key, effect and answer are one transaction. The same call again
   * brings the stored answer; another body throws `idempotency_mismatch`; one still running `idempotency_in_progress`.
   * A refusal that would be the same later is stored (its effect undone first); every other error releases the key and goes on.
   * `toAnswer` renders a stored refusal.
   */
  run<T>(
    call: IdempotentCall,
    work: IdempotentWork<T>,
    toAnswer: (error: AppError) => StoredAnswer,
  ): Promise<IdempotentOutcome<T>>;
}

/** How long a second call waits for the first one, in this process as in the database. */
const WAIT_MS_MAX = 1_000;

export function createIdempotency(options: IdempotencyOptions): Idempotency {
  const queues = new Map<string, Promise<void>>();
  return {
    run: (call, work, toAnswer) =>
      inTurn(queues, `${call.principal}\n${call.route}\n${call.key}`, () => runOnce(options, call, work, toAnswer)),
  };
}

/**
 * One call per key at a time in this process. Waiting here costs a timer, waiting in the database a connection: a client that
 * fires one key a hundred times must not empty the pool.
 */
async function inTurn<T>(queues: Map<string, Promise<void>>, id: string, work: () => Promise<T>): Promise<T> {
  const before = queues.get(id);
  let finish: () => void = () => undefined;
  const mine = new Promise<void>((resolve) => {
    finish = resolve;
  });
  const tail = before === undefined ? mine : before.then(() => mine);
  queues.set(id, tail);
  try {
    if (before !== undefined && !(await endsWithin(before, WAIT_MS_MAX))) throw inProgress();
    return await work();
  } finally {
    finish();
    if (queues.get(id) === tail) queues.delete(id);
  }
}

async function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  const ended = await Promise.race([work.then(() => true), timeout]);
  clearTimeout(timer);
  return ended;
}

async function runOnce<T>(
  options: IdempotencyOptions,
  call: IdempotentCall,
  { prepare, handle }: IdempotentWork<T>,
  toAnswer: (error: AppError) => StoredAnswer,
): Promise<IdempotentOutcome<T>> {
  if (prepare === undefined) return runEffect(options, call, handle, toAnswer);
  const stored = await findAnswer(options, options.database, call);
  if (stored !== undefined) return { kind: "replayed", answer: stored };
  const refusal = await refusalOf(prepare);
  // Told inside the transaction, so that a refusal for good is stored like the handler's own.
  return runEffect(options, call, refusal === undefined ? handle : () => Promise.reject(refusal), toAnswer);
}

/** undefined = it went well. Throws what is not stored anyway. */
async function refusalOf(prepare: () => Promise<void>): Promise<AppError | undefined> {
  try {
    await prepare();
    return undefined;
  } catch (error) {
    if (error instanceof AppError && isFinalRefusal(error)) return error;
    throw error;
  }
}

async function runEffect<T>(
  options: IdempotencyOptions,
  call: IdempotentCall,
  handler: (tx: Tx) => Promise<Handled<T>>,
  toAnswer: (error: AppError) => StoredAnswer,
): Promise<IdempotentOutcome<T>> {
  const { transactions } = options.database;
  let isDeadlocked = false;
  return transactions.run(async (tx) => {
    // A deadlock on the key means somebody else has it: the answer is 409 at once, not another round of waiting.
    if (isDeadlocked) throw inProgress();
    try {
      const stored = await claimKey(options, connectionOf(tx), call);
      if (stored !== undefined) return { kind: "replayed", answer: stored };
    } catch (error) {
      isDeadlocked = isRetryableConflict(error);
      throw error;
    }
    const outcome = await settle(transactions, tx, handler, toAnswer);
    storeAnswer(options, tx, call, outcome.kind === "handled" ? outcome.result.answer : outcome.answer);
    return outcome;
  });
}

type FreshOutcome<T> = Exclude<IdempotentOutcome<T>, { kind: "replayed" }>;

async function settle<T>(
  transactions: Transactions,
  tx: Tx,
  handler: (tx: Tx) => Promise<Handled<T>>,
  toAnswer: (error: AppError) => StoredAnswer,
): Promise<FreshOutcome<T>> {
  try {
    return { kind: "handled", result: await transactions.savepoint(tx, () => handler(tx)) };
  } catch (error) {
    if (!(error instanceof AppError) || !isFinalRefusal(error) || isRetryableConflict(error)) throw error;
    return { kind: "refused", answer: toAnswer(error) };
  }
}

/** Statuses that say something about the caller, the transport or us; the same call may succeed when that has changed. */
const RELEASED_KINDS: ReadonlySet<string> = new Set([
  "unauthenticated",
  "forbidden",
  "method",
  "too_large",
  "media_type",
  "internal",
  "rejected",
  "unavailable",
]);

function isFinalRefusal(error: AppError): boolean {
  return error.retry !== "backoff" && !RELEASED_KINDS.has(error.kind);
}

function inProgress(): AppError {
  return new AppError("idempotency_in_progress", { retryAfterSeconds: 1 });
}

const KEY_COLUMNS = "WHERE principal = ? AND route = ? AND `key` = ?";

function keyOf(call: IdempotentCall): [string, string, string] {
  return [call.principal, call.route, call.key];
}

/** undefined = the key is ours now; else the answer somebody got for it. */
async function claimKey(
  options: IdempotencyOptions,
  handle: SqlHandle,
  call: IdempotentCall,
): Promise<StoredAnswer | undefined> {
  if (await insertKey(options, handle, call)) return undefined;
  const row = await findKey(handle, call);
  // Gone again: its owner released it between our INSERT and this look.
  if (row === undefined) throw inProgress();
  if (readBoolean(row, "is_expired")) {
    await handle.write(`DELETE FROM idempotency_keys ${KEY_COLUMNS} AND expires_at < NOW(3)`, keyOf(call));
    if (await insertKey(options, handle, call)) return undefined;
    throw inProgress();
  }
  return readAnswer(options, call, row);
}

/** undefined = there is none, or no longer. Throws as `run` does for a key that somebody has. */
async function findAnswer(
  options: IdempotencyOptions,
  handle: Pick<SqlHandle, "select">,
  call: IdempotentCall,
): Promise<StoredAnswer | undefined> {
  const row = await findKey(handle, call);
  return row === undefined || readBoolean(row, "is_expired") ? undefined : readAnswer(options, call, row);
}

async function findKey(handle: Pick<SqlHandle, "select">, call: IdempotentCall): Promise<Row | undefined> {
  const [row] = await handle.select(
    `SELECT body_sha256, state, response_status, response_body, expires_at < NOW(3) AS is_expired FROM idempotency_keys ${KEY_COLUMNS}`,
    keyOf(call),
  );
  return row;
}

function readAnswer(options: IdempotencyOptions, call: IdempotentCall, row: Row): StoredAnswer {
  if (readText(row, "body_sha256") !== call.bodySha256) throw new AppError("idempotency_mismatch");
  if (readText(row, "state") !== "done") throw inProgress();
  return openAnswer(options, call, row);
}

/** False when the key exists. Insert first: two calls that look first would both see nothing. */
async function insertKey(options: IdempotencyOptions, handle: SqlHandle, call: IdempotentCall): Promise<boolean> {
  try {
    await handle.write(
      `SET STATEMENT innodb_lock_wait_timeout = 1 FOR
       INSERT INTO idempotency_keys (principal, route, \`key\`, body_sha256, state, expires_at)
       VALUES (?, ?, ?, ?, 'running', NOW(3) + INTERVAL ? SECOND)`,
      [...keyOf(call), call.bodySha256, Math.ceil(options.ttlMs / 1000)],
    );
    return true;
  } catch (error) {
    if (isDuplicateKey(error)) return false;
    // 1205, not a deadlock: the first call has held the key for a second and is still at work.
    if ((error as { errno?: unknown }).errno === 1205) throw inProgress();
    throw error;
  }
}

const SealedAnswer = z.object({ body: z.string(), headers: z.record(z.string(), z.string()) });

function contextOf(call: IdempotentCall) {
  return { table: "idempotency_keys", column: "response_body", row: keyOf(call).join("\n") };
}

function storeAnswer(options: IdempotencyOptions, tx: Tx, call: IdempotentCall, answer: StoredAnswer): void {
  // Sealed, because an answer may hold what is shown once: a new API key, an invoice.
  const sealed = options.sealer.seal(JSON.stringify({ body: answer.body, headers: answer.headers }), contextOf(call));
  writeLater(tx, `UPDATE idempotency_keys SET state = 'done', response_status = ?, response_body = ? ${KEY_COLUMNS}`, [
    answer.status,
    sealed,
    ...keyOf(call),
  ]);
}

function openAnswer(options: IdempotencyOptions, call: IdempotentCall, row: Row): StoredAnswer {
  const plain: unknown = JSON.parse(
    options.sealer.open(readText(row, "response_body"), contextOf(call)).toString("utf8"),
  );
  return { status: readInteger(row, "response_status"), ...SealedAnswer.parse(plain) };
}
