import { ReplayedWebhookReply, ReplayWebhookBody, WebhookParams } from "@arkrelay/core/http/webhooks";
import { replayDeliveries } from "@arkrelay/core/webhook/manage-endpoints";

import { writeRoute } from "../../http/route";

export const replayWebhookRoute = writeRoute({
  method: "POST",
  path: "/webhooks/:id/replay",
  summary: "Send what an endpoint missed once more, oldest first, since a time or a cursor",
  auth: ["solver"],
  scope: "webhooks",
  params: WebhookParams,
  body: ReplayWebhookBody,
  replies: { 202: ReplayedWebhookReply },
}).handle(async ({ deps, tx, caller, params, body }) => {
  const { since, status, events, limit } = body;
  const filters = { endpoint: params.id, since: since?.toISOString(), status, events: events?.join(",") };
  const { deliveryIds, nextAfterId, wakes } = await replayDeliveries(deps.webhooks, tx, caller, params.id, {
    since,
    statuses: status === "all" ? ["delivered", "failed"] : [status],
    eventTypes: events?.includes("*") === true ? undefined : events,
    limit,
    afterId: deps.cursors.decode(body.cursor, "webhook-replay", filters) ?? 0n,
  });
  return {
    status: 202,
    body: {
      replayed: deliveryIds.length,
      delivery_ids: [...deliveryIds],
      next_cursor: nextAfterId === undefined ? null : deps.cursors.encode(nextAfterId, "webhook-replay", filters),
    },
    wakes,
  };
});
