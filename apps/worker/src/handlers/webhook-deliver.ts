import type { AttemptFence } from "@arkrelay/core/jobs/attempt-store";
import { deliverWebhook, type DeliverWebhookDeps } from "@arkrelay/core/webhook/deliver-webhook";

import type { TaskHandler } from "../task-handler";

/** One try of one delivery; its own schedule ends it, never a number of the worker's tries. */
export function webhookDeliverTask(
  deps: DeliverWebhookDeps & { readonly attempts: AttemptFence },
): TaskHandler<undefined> {
  return ({ attempt, signal }) =>
    deliverWebhook(deps, {
      deliveryId: attempt.rowKey,
      guard: (tx) => deps.attempts.assertAttempt(tx, attempt),
      signal,
    });
}
