import type { Attempt } from "@arkrelay/core/jobs/attempt-store";
import type { Clock } from "@arkrelay/core/ports/clock";

/** A payout is through in a moment; one that waits for arkd is looked at less and less often. */
const PAUSE_MS_MIN = 250;
const PAUSE_MS_MAX = 10_000;
const PAUSE_OF_AGE = 4;

/** When a job that waits for payouts of its own looks again. */
export function nextPayoutLook(clock: Clock, { job }: Attempt): Date {
  const now = clock.now().getTime();
  const ageMs = now - (job?.createdAt.getTime() ?? now);
  return new Date(now + Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS_MIN, ageMs / PAUSE_OF_AGE)));
}
