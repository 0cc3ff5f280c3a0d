import { QueuedTestReply, WebhookParams } from "@arkrelay/core/http/webhooks";
import { sendTestEvent } from "@arkrelay/core/webhook/manage-endpoints";

import { writeRoute } from "../../http/route";

export const testWebhookRoute = writeRoute({
  method: "POST",
  path: "/webhooks/:id/test",
  summary: "Send webhook.test to an endpoint, whatever it is subscribed to",
  auth: ["solver"],
  scope: "webhooks",
  params: WebhookParams,
  replies: { 202: QueuedTestReply },
}).handle(async ({ deps, tx, caller, params, request }) => {
  const { deliveryId, wakes } = await sendTestEvent(deps.webhooks, tx, caller, params.id, request.requestId);
  return {
    status: 202,
    body: { delivery_id: deliveryId },
    headers: { location: `/webhooks/${params.id}/deliveries/${deliveryId}` },
    wakes,
  };
});
