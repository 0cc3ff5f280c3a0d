import type { DeliverWebhookDeps } from "@arkrelay/core/webhook/deliver-webhook";

import type { WorkerConfig } from "../config";
import type { WorkerDeps } from "../deps";
import { createPauseNotice } from "./pause-notice";

/** Beyond the call itself: the note of its end, also while the database is slow. */
const NOTE_MS = 20_000;

export function toDeliverDeps(
  { attempts, ceremony, logger, metrics, webhooks }: WorkerDeps,
  { webhook }: Pick<WorkerConfig, "webhook">,
): DeliverWebhookDeps & Pick<WorkerDeps, "attempts"> {
  const { clock, random, transactions } = ceremony;
  return {
    ...webhooks,
    attempts,
    clock,
    random,
    transactions,
    noticePause: createPauseNotice(ceremony),
    callLostAfterMs: webhook.timeoutMs + NOTE_MS,
    observer: {
      onAttempt: (status) => metrics.webhookDeliveries.inc({ status }),
      onPaused: ({ endpointId, disabledReason }) =>
        logger.warn("a webhook endpoint was paused", { endpoint_id: endpointId, reason: disabledReason }),
    },
  };
}
