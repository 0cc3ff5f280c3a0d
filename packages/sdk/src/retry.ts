import { RetryExceededError } from "./errors.js";

export interface RetryOptions {
  /** All attempts together, the first included. */
  readonly maxAttempts?: number;
  readonly backoffBaseMs?: number;
  readonly backoffFactor?: number;
  readonly jitterMs?: number;
  readonly onRetry?: (error: unknown, attempt: number, waitMs: number) => void;
}

export interface WithRetryOptions extends RetryOptions {
  readonly retryIf: (error: unknown) => boolean;
  /** Wait the failure itself asks for (`Retry-After`); wins over the backoff. */
  readonly waitMsOf?: (error: unknown) => number | undefined;
  /** Epoch milliseconds after which no attempt starts: one deadline for the whole call. */
  readonly deadlineAtMs?: number;
  readonly signal?: AbortSignal;
}

const DEFAULTS = { maxAttempts: 5, backoffBaseMs: 200, backoffFactor: 2, jitterMs: 100 };

/** Runs `fn` again while `retryIf` allows it. Throws the failure itself when it may not be repeated, RetryExceededError when the attempts or the time are used up. */
export async function withRetryAsync<T>(fn: (attempt: number) => Promise<T>, options: WithRetryOptions): Promise<T> {
  const { maxAttempts, backoffBaseMs, backoffFactor, jitterMs } = { ...DEFAULTS, ...withoutUndefined(options) };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await fn(attempt);
    } catch (error) {
      if (!options.retryIf(error)) throw error;
      const waitMs =
        options.waitMsOf?.(error) ?? backoffBaseMs * backoffFactor ** (attempt - 1) + Math.random() * jitterMs;
      const tooLate = options.deadlineAtMs !== undefined && Date.now() + waitMs >= options.deadlineAtMs;
      if (attempt >= maxAttempts || tooLate) throw attempt === 1 ? error : new RetryExceededError(attempt, error);
      options.onRetry?.(error, attempt, waitMs);
      await delay(waitMs, options.signal);
    }
  }
}

/** Resolves after `ms`, or rejects with the signal's reason as soon as it aborts. */
export function delay(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal));
    const onAbort = (): void => {
      clearTimeout(timer);
      if (signal) reject(abortReason(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    }, ms);
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function abortReason(signal: AbortSignal): unknown {
  return signal.reason;
}

function withoutUndefined(options: RetryOptions): Partial<typeof DEFAULTS> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => typeof value === "number"));
}
