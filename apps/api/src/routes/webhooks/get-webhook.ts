import { WebhookParams, WebhookReply } from "@arkrelay/core/http/webhooks";
import { getOwnEndpoint } from "@arkrelay/core/webhook/manage-endpoints";

import { readRoute } from "../../http/route";
import { toWebhook } from "./webhook-view";

export const getWebhookRoute = readRoute({
  path: "/webhooks/:id",
  summary: "One of your webhook endpoints",
  auth: ["solver"],
  scope: "webhooks",
  params: WebhookParams,
  replies: { 200: WebhookReply },
}).handle(async ({ deps, caller, params }) => {
  return { status: 200, body: { webhook: toWebhook(await getOwnEndpoint(deps.webhooks, caller, params.id)) } };
});
