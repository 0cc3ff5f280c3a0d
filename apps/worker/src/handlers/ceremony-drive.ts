import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import type { CeremonyDeps } from "@arkrelay/core/session/session-deps";

import type { TaskHandler } from "../task-handler";

/**
 * Moves one signing session as far as it goes; its own states end it, never a number of tries. `announce` tells those who
 * watch the session that it may have moved; it is not awaited and never fails.
 */
export function ceremonyDriveTask(deps: CeremonyDeps, announce: (sessionId: string) => void): TaskHandler<undefined> {
  return async ({ attempt, signal }) => {
    const { nextAt, wakes = [] } = await driveCeremony(deps, {
      sessionId: attempt.rowKey,
      fence: attempt.token,
      signal,
    });
    announce(attempt.rowKey);
    return { wakes, ...(nextAt === undefined ? {} : { runAgainAt: nextAt }) };
  };
}
