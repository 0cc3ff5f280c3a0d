import type { Backoff } from "./catalog";

/** Milliseconds to wait after `failedTries` tries (1 = the first one failed). Deterministic: the slots of a job are predictable. */
export function backoffMs(backoff: Backoff, failedTries: number): number {
  if (backoff.kind === "fixed") return backoff.baseMs;
  // 2^30 is past every maxMs; a session may be tried for days and must not overflow the power.
  const doublings = Math.min(Math.max(failedTries - 1, 0), 30);
  return Math.min(backoff.baseMs * 2 ** doublings, backoff.maxMs);
}
