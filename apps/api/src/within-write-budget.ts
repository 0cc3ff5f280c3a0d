import { setTimeout as delay } from "node:timers/promises";

/** Answers of a daemon that is well take a few milliseconds; a write waits for none that is not. */
const BUDGET_MS = 250;

/**
 * What a daemon says of a write before it is judged. undefined = it did not say in time; its answer is left to come, and what it throws
 * then is nobody's any more.
 */
export async function withinWriteBudget<T>(work: Promise<T>): Promise<T | undefined> {
  const stop = new AbortController();
  const late = delay(BUDGET_MS, undefined, { signal: stop.signal }).catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    stop.abort();
  }
}
