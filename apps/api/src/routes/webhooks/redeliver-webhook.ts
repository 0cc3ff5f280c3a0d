import { RedeliveredReply, WebhookDeliveryParams } from "@arkrelay/core/http/webhooks";
import { redeliver } from "@arkrelay/core/webhook/manage-endpoints";

import { writeRoute } from "../../http/route";

export const redeliverWebhookRoute = writeRoute({
  method: "POST",
  path: "/webhooks/:id/deliveries/:delivery_id/redeliver",
  summary: "Send an event once more, under the same event id",
  auth: ["solver"],
  scope: "webhooks",
  params: WebhookDeliveryParams,
  replies: { 202: RedeliveredReply },
}).handle(async ({ deps, tx, caller, params }) => {
  const { deliveryId, eventId, wakes } = await redeliver(deps.webhooks, tx, caller, params.id, params.delivery_id);
  return {
    status: 202,
    body: { delivery_id: deliveryId, event_id: eventId },
    headers: { location: `/webhooks/${params.id}/deliveries/${deliveryId}` },
    wakes,
  };
});
