import { UpdateWebhookBody, WebhookParams, WebhookReply } from "@arkrelay/core/http/webhooks";
import { updateEndpoint } from "@arkrelay/core/webhook/manage-endpoints";

import { writeRoute } from "../../http/route";
import { toWebhook } from "./webhook-view";

export const updateWebhookRoute = writeRoute({
  method: "PATCH",
  path: "/webhooks/:id",
  summary: "Change, pause or start a webhook endpoint",
  auth: ["solver"],
  scope: "webhooks",
  params: WebhookParams,
  body: UpdateWebhookBody,
  replies: { 200: WebhookReply },
}).handle(async ({ deps, tx, caller, params, body }) => {
  const endpoint = await updateEndpoint(deps.webhooks, tx, caller, params.id, {
    ...(body.url !== undefined && { url: body.url }),
    ...(body.events !== undefined && { events: body.events }),
    ...(body.description !== undefined && { description: body.description }),
    ...(body.ordered !== undefined && { ordered: body.ordered }),
    ...(body.status !== undefined && { status: body.status }),
  });
  return { status: 200, body: { webhook: toWebhook(endpoint) } };
});
