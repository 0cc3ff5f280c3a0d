import { z } from "zod";

import { ALL_EVENTS, WEBHOOK_EVENT_TYPES } from "../webhook/webhook-event";
import { count, cursor, limit, opaqueId, page, timestamp } from "./fields";

const eventName = z.enum([ALL_EVENTS, ...WEBHOOK_EVENT_TYPES]);
const eventNames = z
  .array(eventName)
  .min(1)
  .max(WEBHOOK_EVENT_TYPES.length + 1)
  .transform((names) => [...new Set(names)]);
const endpointUrl = z.string().min(1).max(2048).meta({
  description: "https, outside production http too; no credentials, no private address.",
  example: "https://solver.example/hooks",
});
const description = z.string().max(200);
const endpointStatus = z.enum(["active", "paused"]);
const orderedFlag = z.boolean().meta({
  description:
    "Events of one object are sent one after the other, as they happened; the next waits until the one before is delivered or failed.",
});

export const WebhookParams = z.object({ id: opaqueId });
export const WebhookDeliveryParams = z.object({ id: opaqueId, delivery_id: opaqueId });

const Webhook = z.object({
  id: opaqueId,
  url: z.string(),
  events: z.array(z.string()),
  description: z.string().nullable(),
  ordered: z.boolean(),
  status: endpointStatus,
  failure_count: count,
  disabled_reason: z.string().optional().meta({ description: "Why the gateway paused it by itself." }),
  created_at: timestamp,
});

const secret = z.string().meta({ description: "`whsec_…`, shown once.", example: "whsec_…" });

export const CreateWebhookBody = z
  .object({
    url: endpointUrl,
    events: eventNames,
    description: description.optional(),
    ordered: orderedFlag.default(false),
  })
  .meta({ id: "CreateWebhook" });
export const NewWebhookReply = z.object({ webhook: Webhook, secret }).meta({ id: "NewWebhook" });

export const WebhookListQuery = z.object({ limit: limit(), cursor });
export const WebhookListReply = z.object({ webhooks: z.array(Webhook), ...page }).meta({ id: "WebhookList" });
export const WebhookReply = z.object({ webhook: Webhook }).meta({ id: "Webhook" });

export const UpdateWebhookBody = z
  .object({
    url: endpointUrl.optional(),
    events: eventNames.optional(),
    description: description.nullable().optional(),
    ordered: orderedFlag.optional(),
    status: endpointStatus.optional(),
  })
  .meta({ id: "UpdateWebhook", description: "What is absent stays. Active ends a pause of the gateway's too." });

export const RotatedWebhookSecretReply = z
  .object({
    secret,
    previous_valid_until: timestamp.meta({ description: "Until then every call carries both signatures." }),
  })
  .meta({ id: "RotatedWebhookSecret" });

const deliveryStatus = z.enum(["pending", "delivered", "failed"]);

const deliveryFields = {
  id: opaqueId,
  event_id: opaqueId.meta({ description: "`webhook-id` of the call: the receiver's dedupe key." }),
  event_type: z.string(),
  status: deliveryStatus,
  attempts: count,
  response_status: z.int().optional(),
  latency_ms: count.optional(),
  next_attempt_at: timestamp.optional(),
  created_at: timestamp,
};

export const WebhookDeliveryListQuery = z.object({ status: deliveryStatus.optional(), limit: limit(), cursor });
export const WebhookDeliveryListReply = z
  .object({ deliveries: z.array(z.object(deliveryFields)), ...page })
  .meta({ id: "WebhookDeliveryList" });

export const WebhookDeliveryReply = z
  .object({
    delivery: z.object({
      ...deliveryFields,
      request_body: z.string().meta({ description: "The exact text that is signed and sent." }),
      response_excerpt: z.string().optional().meta({ description: "At most 1 KiB." }),
      attempt_log: z.array(
        z.object({
          at: timestamp,
          response_status: z.int().nullable(),
          latency_ms: count,
          error: z.string().nullable(),
        }),
      ),
    }),
  })
  .meta({ id: "WebhookDelivery" });

export const QueuedTestReply = z.object({ delivery_id: opaqueId }).meta({ id: "QueuedWebhookTest" });
export const RedeliveredReply = z
  .object({ delivery_id: opaqueId, event_id: opaqueId })
  .meta({ id: "RedeliveredWebhook" });

const REPLAY_MAX = 200;

export const ReplayWebhookBody = z
  .object({
    since: z.iso
      .datetime({ offset: true })
      .transform((text) => new Date(text))
      .optional()
      .meta({ description: "Oldest event that is sent again." }),
    cursor,
    status: z
      .enum(["failed", "delivered", "all"])
      .default("failed")
      .meta({ description: "Which deliveries; those still to be made are never repeated." }),
    events: eventNames.optional(),
    limit: z.int().min(1).max(REPLAY_MAX).default(100),
  })
  .meta({ id: "ReplayWebhook" });
export const ReplayedWebhookReply = z
  .object({
    replayed: count,
    delivery_ids: z.array(opaqueId),
    next_cursor: z.string().nullable().meta({ description: "Send as `cursor` to go on; null when nothing is left." }),
  })
  .meta({ id: "ReplayedWebhook" });
