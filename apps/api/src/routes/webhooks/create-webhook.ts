import { CreateWebhookBody, NewWebhookReply } from "@arkrelay/core/http/webhooks";
import { createEndpoint } from "@arkrelay/core/webhook/manage-endpoints";

import { writeRoute } from "../../http/route";
import { toWebhook } from "./webhook-view";

export const createWebhookRoute = writeRoute({
  method: "POST",
  path: "/webhooks",
  summary: "Have your events sent to a URL; the secret that signs them is shown once",
  auth: ["solver"],
  scope: "webhooks",
  body: CreateWebhookBody,
  replies: { 201: NewWebhookReply },
}).handle(async ({ deps, tx, caller, body }) => {
  const { endpoint, secret } = await createEndpoint(deps.webhooks, tx, caller, {
    url: body.url,
    events: body.events,
    description: body.description,
    ordered: body.ordered,
  });
  return {
    status: 201,
    body: { webhook: toWebhook(endpoint), secret },
    headers: { location: `/webhooks/${endpoint.endpointId}` },
  };
});
