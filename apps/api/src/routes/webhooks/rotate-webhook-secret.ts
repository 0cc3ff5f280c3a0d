import { RotatedWebhookSecretReply, WebhookParams } from "@arkrelay/core/http/webhooks";
import { rotateEndpointSecret } from "@arkrelay/core/webhook/manage-endpoints";

import { writeRoute } from "../../http/route";

export const rotateWebhookSecretRoute = writeRoute({
  method: "POST",
  path: "/webhooks/:id/rotate-secret",
  summary: "A new secret for a webhook endpoint; for 24 hours the old one signs too",
  auth: ["solver"],
  scope: "webhooks",
  params: WebhookParams,
  replies: { 200: RotatedWebhookSecretReply },
}).handle(async ({ deps, tx, caller, params }) => {
  const { secret, previousValidUntil } = await rotateEndpointSecret(deps.webhooks, tx, caller, params.id);
  return { status: 200, body: { secret, previous_valid_until: previousValidUntil.toISOString() } };
});
