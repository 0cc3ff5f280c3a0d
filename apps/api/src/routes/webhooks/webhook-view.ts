import type { z } from "zod";

import type { WebhookDeliveryListReply, WebhookDeliveryReply, WebhookReply } from "@arkrelay/core/http/webhooks";
import type { WebhookDelivery, WebhookEndpoint } from "@arkrelay/core/webhook/webhook-endpoint";

export function toWebhook(endpoint: WebhookEndpoint): z.output<typeof WebhookReply>["webhook"] {
  return {
    id: endpoint.endpointId,
    url: endpoint.url,
    events: [...endpoint.events],
    description: endpoint.description ?? null,
    ordered: endpoint.ordered,
    status: endpoint.status,
    failure_count: endpoint.failureCount,
    ...(endpoint.disabledReason !== undefined && { disabled_reason: endpoint.disabledReason }),
    created_at: endpoint.createdAt.toISOString(),
  };
}

export function toDeliveryItem(
  delivery: WebhookDelivery,
): z.output<typeof WebhookDeliveryListReply>["deliveries"][number] {
  return {
    id: delivery.deliveryId,
    event_id: delivery.eventId,
    event_type: delivery.eventType,
    status: delivery.status,
    attempts: delivery.attempts,
    ...(delivery.responseStatus !== undefined && { response_status: delivery.responseStatus }),
    ...(delivery.latencyMs !== undefined && { latency_ms: delivery.latencyMs }),
    ...(delivery.nextAttemptAt !== undefined && { next_attempt_at: delivery.nextAttemptAt.toISOString() }),
    created_at: delivery.createdAt.toISOString(),
  };
}

export function toDeliveryReply(delivery: WebhookDelivery): z.output<typeof WebhookDeliveryReply> {
  return {
    delivery: {
      ...toDeliveryItem(delivery),
      request_body: delivery.body,
      ...(delivery.responseExcerpt !== undefined && { response_excerpt: delivery.responseExcerpt }),
      attempt_log: [...delivery.attemptLog],
    },
  };
}
