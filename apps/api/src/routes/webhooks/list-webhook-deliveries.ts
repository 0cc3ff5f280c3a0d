import { WebhookDeliveryListQuery, WebhookDeliveryListReply, WebhookParams } from "@arkrelay/core/http/webhooks";
import { getOwnEndpoint } from "@arkrelay/core/webhook/manage-endpoints";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";
import { toDeliveryItem } from "./webhook-view";

export const listWebhookDeliveriesRoute = readRoute({
  path: "/webhooks/:id/deliveries",
  summary: "What was and will be sent to a webhook endpoint, newest first",
  auth: ["solver"],
  scope: "webhooks",
  params: WebhookParams,
  query: WebhookDeliveryListQuery,
  replies: { 200: WebhookDeliveryListReply },
}).handle(async ({ deps, caller, params, query }) => {
  const endpoint = await getOwnEndpoint(deps.webhooks, caller, params.id);
  const { status, limit, cursor } = query;
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "webhook-deliveries",
    filters: { endpoint: endpoint.endpointId, status },
    limit,
    cursor,
    fetch: (count, beforeId) =>
      deps.webhooks.deliveries.list(endpoint.id, status === undefined ? {} : { status }, count, beforeId),
  });
  return { status: 200, body: { deliveries: rows.map(toDeliveryItem), ...page } };
});
