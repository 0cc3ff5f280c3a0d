import type { AssetPayoutDeps } from "@arkrelay/core/asset/asset-payout-deps";
import { driveAssetPayout } from "@arkrelay/core/asset/drive-asset-payout";
import { assert } from "@arkrelay/core/errors";
import type { AttemptFence } from "@arkrelay/core/jobs/attempt-store";
import { parsePayoutKey } from "@arkrelay/core/payout/payout";
import type { RenewalDeps } from "@arkrelay/core/renewal/pay-renewal";

import type { TaskHandler } from "../task-handler";

/**
 * Drives one payout that is work of its own as far as it goes; its own states end it, never a number of tries. `announce` tells those who
 * watch the session of a renewal that it may have moved; it is not awaited and never fails.
 */
export function payoutDriveTask(
  deps: AssetPayoutDeps & RenewalDeps & { readonly attempts: AttemptFence },
  announce: (sessionId: string) => void,
): TaskHandler<undefined> {
  return async ({ attempt, signal }) => {
    const payout = parsePayoutKey(attempt.rowKey);
    assert(payout !== undefined, `${attempt.rowKey} names a payout`);
    const guard = deps.attempts.assertAttempt.bind(deps.attempts);
    const nextAt = await driveAssetPayout(deps, payout, { guard: (tx) => guard(tx, attempt), signal });
    if (payout.kind === "renew") announce(payout.businessId);
    return nextAt === undefined ? {} : { runAgainAt: nextAt };
  };
}
