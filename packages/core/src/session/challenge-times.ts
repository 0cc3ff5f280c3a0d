import type { Session } from "./session";
import type { SessionDeps } from "./session-deps";

const RESEND_MS_MAX = 10 * 60_000;

/** Challenge 1 lives at most challengeTimeoutMs and never longer than its session. */
export function challengeExpiry(
  deps: Pick<SessionDeps, "clock" | "config">,
  session: Pick<Session, "expiresAt">,
): Date {
  const latest = deps.clock.now().getTime() + deps.config.challengeTimeoutMs;
  return new Date(Math.min(latest, session.expiresAt.getTime()));
}

/** Challenge 2 is sent again after a pause that doubles with every sending, up to ten minutes; it never expires. */
export function resendAt(deps: Pick<SessionDeps, "config">, firstSentAt: Date, now: Date): Date {
  let pauseMs = deps.config.challengeResendMs;
  let at = firstSentAt.getTime() + pauseMs;
  while (at <= now.getTime()) {
    pauseMs = Math.min(pauseMs * 2, RESEND_MS_MAX);
    at += pauseMs;
  }
  return new Date(at);
}
