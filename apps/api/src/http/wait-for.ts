import { setTimeout as delay } from "node:timers/promises";

/** Often enough to bring a quick result back at once, seldom enough that waiting callers cost the database nothing. */
const FIRST_PAUSE_MS = 20;
const PAUSE_MS_MAX = 250;

/** Looks until something is there; undefined when it is not in time, or the caller has gone. */
export async function waitFor<T>(
  look: () => Promise<T | undefined>,
  limits: { readonly waitMs: number; readonly isGivenUp: () => boolean },
): Promise<T | undefined> {
  const until = performance.now() + limits.waitMs;
  for (let pauseMs = FIRST_PAUSE_MS; !limits.isGivenUp(); pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
    const found = await look();
    if (found !== undefined || performance.now() + pauseMs > until) return found;
    await delay(pauseMs);
  }
  return undefined;
}
