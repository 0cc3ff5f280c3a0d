/** http.md 6: pauses after each failed try; after the last of them comes one more try, and then none. */
const PAUSES_MS: readonly number[] = [
  5_000,
  30_000,
  2 * 60_000,
  10 * 60_000,
  3_600_000,
  3 * 3_600_000,
  10 * 3_600_000,
  24 * 3_600_000,
];

/** flows 8.2: whoever sent a message waits for its end. */
const MESSAGE_PAUSES_MS: readonly number[] = [10_000, 10_000, 10_000];

/** Failures of many endpoints at once (a network that was away) are not all repeated at once. */
const JITTER = 0.1;

/**
 * Milliseconds to wait after `failedTries` tries (1 = the first one failed), undefined when there is no further one. `jitter` is
 * from 0 to 1.
 */
export function deliveryPauseMs(eventType: string, failedTries: number, jitter: number): number | undefined {
  const isMessage = eventType.startsWith("message.");
  const pauseMs = (isMessage ? MESSAGE_PAUSES_MS : PAUSES_MS)[failedTries - 1];
  if (pauseMs === undefined) return undefined;
  return isMessage ? pauseMs : Math.round(pauseMs * (1 + JITTER * jitter));
}

/** An endpoint that took nothing for this long is paused. */
export const GIVE_UP_AFTER_MS = 5 * 24 * 3_600_000;
