import { setTimeout as delay } from "node:timers/promises";

export interface RunEveryOptions {
  /** From the start of one run to the start of the next; a run that takes longer is followed at once, never overlapped. */
  readonly periodMs: number;
  /** Ends the loop; a run in progress is waited for. */
  readonly signal: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/** Runs `work` now and every period until the signal fires. What it throws is reported and the loop goes on. */
export async function runEvery(options: RunEveryOptions, work: () => Promise<void>): Promise<void> {
  const { periodMs, signal, onError } = options;
  while (!signal.aborted) {
    const startedAt = performance.now();
    try {
      await work();
    } catch (error) {
      // A run cut off by the stop itself is not worth a line.
      if (!signal.aborted) onError(error);
    }
    const restMs = Math.max(0, periodMs - (performance.now() - startedAt));
    await delay(restMs, undefined, { signal }).catch(() => undefined);
  }
}
