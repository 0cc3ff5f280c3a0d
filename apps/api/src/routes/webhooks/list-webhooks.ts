import { WebhookListQuery, WebhookListReply } from "@arkrelay/core/http/webhooks";

import { readPage } from "../../http/page";
import { readRoute } from "../../http/route";
import { toWebhook } from "./webhook-view";

export const listWebhooksRoute = readRoute({
  path: "/webhooks",
  summary: "Your webhook endpoints, newest first",
  auth: ["solver"],
  scope: "webhooks",
  query: WebhookListQuery,
  replies: { 200: WebhookListReply },
}).handle(async ({ deps, caller, query }) => {
  const owner = caller.isAdmin ? undefined : caller.principal;
  const { rows, page } = await readPage({
    cursors: deps.cursors,
    list: "webhooks",
    filters: { principal: caller.principal },
    limit: query.limit,
    cursor: query.cursor,
    fetch: (count, beforeId) => deps.webhooks.endpoints.list(owner, count, beforeId),
  });
  return { status: 200, body: { webhooks: rows.map(toWebhook), ...page } };
});
