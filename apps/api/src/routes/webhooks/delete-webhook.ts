import { NoQuery } from "@arkrelay/core/http/fields";
import { WebhookParams } from "@arkrelay/core/http/webhooks";
import { deleteEndpoint } from "@arkrelay/core/webhook/manage-endpoints";

import { NoBody, writeRoute } from "../../http/route";

export const deleteWebhookRoute = writeRoute({
  method: "DELETE",
  path: "/webhooks/:id",
  summary: "Delete a webhook endpoint with the deliveries that are still to be made",
  auth: ["solver"],
  scope: "webhooks",
  params: WebhookParams,
  query: NoQuery,
  replies: { 204: NoBody },
}).handle(async ({ deps, tx, caller, params }) => {
  await deleteEndpoint(deps.webhooks, tx, caller, params.id);
  return { status: 204, body: undefined };
});
