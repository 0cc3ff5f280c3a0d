import type { AppError, ErrorCode, Retry } from "../errors";
import { backoffMs } from "./backoff";
import { queuedTask, UNTIL_TERMINAL, type QueuedTaskName } from "./catalog";

/** How an attempt ends. `done`, `failed` and `cancelled` end the job; `handed_back` (the worker stops) uses up no try. */
export type AttemptEnd =
  | {
      readonly kind: "done";
      readonly result?: Readonly<Record<string, unknown>>;
      readonly message?: string;
      /** Not through: the row is due again by itself then (a session waits for its timer, a job for a payout). Uses up no try. */
      readonly runAgainAt?: Date;
    }
  | ({ readonly kind: "retry"; readonly delayMs: number } & AttemptFailure)
  | ({ readonly kind: "failed" } & AttemptFailure)
  | { readonly kind: "cancelled" }
  | { readonly kind: "handed_back" };

export interface AttemptFailure {
  readonly verdict: Retry;
  readonly errorCode: ErrorCode;
  /** Public sentence; what must stay inside is in the log. */
  readonly error: string;
}

/** Ended tries so far, and how many the job may have in all; a manual retry raises `max`, so that it brings a fresh budget. */
export interface TryBudget {
  readonly used: number;
  readonly max: number;
}

/**
 * The verdict of the error table over a failed try. `never` ends at once; `backoff` is tried again until the budget is used up;
 * `reconcile` runs the same task again, because every handler looks the outcome up before it writes anything.
 */
export function decideAttemptEnd(task: QueuedTaskName, tries: TryBudget, error: AppError): AttemptEnd {
  const { triesMax, backoff, patientOn } = queuedTask(task);
  const failure = { verdict: error.retry, errorCode: error.code, error: error.message };
  const triesNow = tries.used + 1;
  const isLast = triesNow >= tries.max && patientOn?.includes(error.code) !== true;
  // Somebody else's row never dies of our tries: money may hang on it, and only its own state machine can end it.
  const isFinal = triesMax !== UNTIL_TERMINAL && (error.retry === "never" || isLast);
  if (isFinal) return { kind: "failed", ...failure };
  // Counted from the start of this budget: a job re-opened by hand starts with the short pauses again.
  const failedInBudget = Number.isFinite(tries.max) ? triesNow - (tries.max - triesMax) : triesNow;
  const delayMs = Math.max(backoffMs(backoff, failedInBudget), (error.retryAfterSeconds ?? 0) * 1000);
  return { kind: "retry", delayMs, ...failure };
}
