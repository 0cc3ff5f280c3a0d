import type { DriveResult } from "@arkrelay/core/ceremony/drive-ceremony";

import type { TaskHandler } from "../task-handler";

/** `driveLift` or `driveLand` of core over this process's dependencies. */
export type LightningDrive = (input: {
  readonly operationId: string;
  /** Token of the worker's attempt: every write carries it. */
  readonly fence: string;
  readonly signal: AbortSignal;
}) => Promise<DriveResult>;

/**
 * Moves one lift or land as far as it goes; its own states end it, never a number of tries. `announce` tells those who watch its
 * session that it may have moved; it is not awaited and never fails.
 */
export function lightningDriveTask(
  drive: LightningDrive,
  announce: (operationId: string) => void,
): TaskHandler<undefined> {
  return async ({ attempt, signal }) => {
    const { nextAt } = await drive({ operationId: attempt.rowKey, fence: attempt.token, signal });
    announce(attempt.rowKey);
    return nextAt === undefined ? {} : { runAgainAt: nextAt };
  };
}
