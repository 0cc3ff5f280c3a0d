import { WebhookDeliveryParams, WebhookDeliveryReply } from "@arkrelay/core/http/webhooks";
import { getOwnDelivery } from "@arkrelay/core/webhook/manage-endpoints";

import { readRoute } from "../../http/route";
import { toDeliveryReply } from "./webhook-view";

export const getWebhookDeliveryRoute = readRoute({
  path: "/webhooks/:id/deliveries/:delivery_id",
  summary: "One delivery with its body, the last answer and every attempt",
  auth: ["solver"],
  scope: "webhooks",
  params: WebhookDeliveryParams,
  replies: { 200: WebhookDeliveryReply },
}).handle(async ({ deps, caller, params }) => {
  const delivery = await getOwnDelivery(deps.webhooks, caller, params.id, params.delivery_id);
  return { status: 200, body: toDeliveryReply(delivery) };
});
