import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { bookFrozen, type BookFrozenDeps } from "@arkrelay/core/ledger/book-frozen";
import { expireSessions } from "@arkrelay/core/session/expire-sessions";
import type { SessionDeps } from "@arkrelay/core/session/session-deps";

import type { TaskHandler } from "../task-handler";

/** Sessions and challenges looked at in one round; the task's limit bounds the rounds. */
const BATCH = 200;

/**
 * Ends sessions and challenges that ran out of time, until none is left. What arkd has accepted ends by no timer; its inputs are booked as
 * frozen instead.
 */
export function cleanupExpiredSessionsTask(
  deps: SessionDeps & BookFrozenDeps,
  acceptedAlertMs: number,
): TaskHandler<TaskPayload<"cleanup_expired_sessions">> {
  return async ({ signal }) => {
    let sessions = 0;
    let challenges = 0;
    for (;;) {
      signal.throwIfAborted();
      const counts = await expireSessions(deps, { limit: BATCH });
      sessions += counts.expiredSessions;
      challenges += counts.expiredChallenges;
      // A row that cannot be ended stays in the list: only a round that ended something is followed by another.
      if (counts.expiredSessions < BATCH && counts.expiredChallenges < BATCH) break;
    }
    const total = sessions + challenges;
    const frozen = await bookFrozen(deps, acceptedAlertMs);
    return {
      result: {
        expired_sessions_cleaned: sessions,
        expired_challenges_cleaned: challenges,
        total_cleaned: total,
        ceremonies_frozen: frozen,
      },
      message: `Ended ${sessions} sessions and ${challenges} challenges`,
    };
  };
}
