import { assert } from "@arkrelay/core/errors";
import type { AttemptFence } from "@arkrelay/core/jobs/attempt-store";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { processUserData } from "@arkrelay/core/jobs/process-user-data";
import type { UserRecordStore } from "@arkrelay/core/jobs/user-record-store";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { Transactions } from "@arkrelay/core/ports/transactions";

import type { TaskHandler } from "../task-handler";

interface ProcessUserDataDeps {
  readonly transactions: Transactions;
  readonly attempts: AttemptFence;
  readonly records: UserRecordStore;
  readonly clock: Clock;
}

export function processUserDataTask(deps: ProcessUserDataDeps): TaskHandler<TaskPayload<"process_user_data">> {
  return async ({ attempt, payload }) => {
    const { job } = attempt;
    assert(job !== undefined, "process_user_data has a row in job_logs");
    const { userId, actionType, data } = payload;
    const result = await deps.transactions.run(async (tx) => {
      await deps.attempts.assertAttempt(tx, attempt);
      return processUserData(deps, tx, { owner: job.owner, userId, actionType, data, submittedAt: job.createdAt });
    });
    return { result, message: `Processed ${result.data_processed} entries of ${actionType}` };
  };
}
