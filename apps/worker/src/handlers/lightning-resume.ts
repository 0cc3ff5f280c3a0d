import type { AttemptFence } from "@arkrelay/core/jobs/attempt-store";
import type { TaskPayload } from "@arkrelay/core/jobs/catalog";
import { resumeLand, type OperatorDeskDeps } from "@arkrelay/core/lightning/resume-land";
import type { Transactions } from "@arkrelay/core/ports/transactions";

import type { TaskHandler } from "../task-handler";

export interface LightningResumeDeps extends OperatorDeskDeps {
  readonly transactions: Transactions;
  readonly attempts: AttemptFence;
}

/** Wakes a land that an operator wants looked at; what is done about it is decided by the land's own task. */
export function lightningResumeTask(deps: LightningResumeDeps): TaskHandler<TaskPayload<"lightning_resume">> {
  return async ({ attempt, payload }) => {
    const { operation, wakes } = await deps.transactions.run(async (tx) => {
      await deps.attempts.assertAttempt(tx, attempt);
      return resumeLand(deps, tx, payload.paymentHash);
    });
    const result = { operation_id: operation.operationId, status: operation.status };
    return { result, message: "The land was woken", wakes };
  };
}
