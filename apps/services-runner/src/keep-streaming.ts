import { setTimeout as delay } from "node:timers/promises";

export interface ReconnectOptions {
  readonly signal: AbortSignal;
  /** First pause; it doubles up to `retryMsMax` and starts over after a stretch that lasted longer than that. */
  readonly retryMs: number;
  readonly retryMsMax: number;
  /** In [0, 1). */
  readonly jitter: () => number;
  /** Told once per stretch that broke, not per try. `undefined` = the daemon ended the stream in good order, as it does on its way down. */
  readonly onBreak: (error: unknown) => void;
}

/** Keeps a stream open until the signal fires: a clean end is as much a reason to reconnect as an error. */
export async function keepStreaming(options: ReconnectOptions, stream: () => Promise<void>): Promise<void> {
  const { signal, retryMs, retryMsMax, jitter, onBreak } = options;
  let pauseMs = retryMs;
  let isBroken = false;
  while (!signal.aborted) {
    const startedAt = performance.now();
    const error = await stream().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (signal.aborted) return;
    if (performance.now() - startedAt > retryMsMax) {
      pauseMs = retryMs;
      isBroken = false;
    }
    if (!isBroken) onBreak(error);
    isBroken = true;
    await delay(pauseMs * (0.5 + jitter() / 2), undefined, { signal }).catch(() => undefined);
    pauseMs = Math.min(pauseMs * 2, retryMsMax);
  }
}
