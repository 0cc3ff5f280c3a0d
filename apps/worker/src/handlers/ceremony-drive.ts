import { driveCeremony } from "@arkrelay/core/ceremony/drive-ceremony";
import { stepName, stepOf } from "@arkrelay/core/session/progress";
import type { Session } from "@arkrelay/core/session/session";
import type { CeremonyDeps } from "@arkrelay/core/session/session-deps";
import type { Metrics } from "@arkrelay/runtime/metrics";

import type { TaskHandler } from "../task-handler";

/**
 * Moves one signing session as far as it goes; its own states end it, never a number of tries. `announce` tells those who
 * watch the session that it may have moved; it is not awaited and never fails.
 */
export function ceremonyDriveTask(
  deps: CeremonyDeps,
  announce: (sessionId: string) => void,
  { ceremonyStep }: Pick<Metrics, "ceremonyStep">,
): TaskHandler<undefined> {
  const onTurn = ({ ceremonyState, sessionType }: Session) =>
    ceremonyStep.startTimer({ step: stepName(stepOf(ceremonyState)), session_type: sessionType });
  return async ({ attempt, signal }) => {
    const { nextAt, wakes = [] } = await driveCeremony(deps, {
      sessionId: attempt.rowKey,
      fence: attempt.token,
      signal,
      onTurn,
    });
    announce(attempt.rowKey);
    return { wakes, ...(nextAt === undefined ? {} : { runAgainAt: nextAt }) };
  };
}
