import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import type { CeremonyDeps } from "@arkrelay/core/session/session-deps";

import type { TaskHandler } from "../task-handler";

/** Moves one signing session as far as it goes; its own states end it, never a number of tries. */
export function ceremonyDriveTask(deps: CeremonyDeps): TaskHandler<undefined> {
  return async ({ attempt, signal }) => {
    const { nextAt } = await driveCeremony(deps, { sessionId: attempt.rowKey, fence: attempt.token, signal });
    return nextAt === undefined ? {} : { runAgainAt: nextAt };
  };
}
