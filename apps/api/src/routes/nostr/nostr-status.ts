import { NostrStatusReply } from "@arkrelay/core/http/nostr-control";

import type { ApiDeps } from "../../api-deps";
import { readRoute } from "../../http/route";
import type { NostrState } from "../../status-sources";
import { connectedRelays, orElse } from "../status/probes";

export const nostrStatusRoute = readRoute({
  path: "/nostr/status",
  summary: "Whether the gateway listens on Nostr, and to whom",
  auth: ["public"],
  replies: { 200: NostrStatusReply },
}).handle(async ({ deps }) => {
  const nostr = await deps.status.readNostr();
  if (!nostr.running) return { status: 200, body: { running: false, message: "The Nostr listener is stopped." } };
  const connected = connectedRelays(nostr);
  const pubkey = nostr.gatewayPubkey ?? deps.session.identity?.pubkey;
  return {
    status: 200,
    body: {
      running: true,
      ...(pubkey !== undefined && { gateway_pubkey: pubkey }),
      nostr_stats: {
        events_received: nostr.eventsReceived,
        events_published: nostr.eventsPublished,
        connections: nostr.connections,
        errors: nostr.errors,
        running: true,
        relay_count: nostr.relays.length,
        connected_relays: connected,
        subscriptions: connected,
        handlers: { ...nostr.handlers },
      },
      redis_stats: await readRedisStats(deps, nostr),
    },
  };
});

/** The way of stored events to the workers: each is enqueued once when it is stored, and processed by whoever takes its wake. */
async function readRedisStats(deps: ApiDeps, nostr: NostrState) {
  const queue = await orElse(deps.status.readNostrQueue, undefined);
  return {
    messages_processed: queue?.processed ?? 0,
    messages_published: nostr.eventsPublished,
    jobs_enqueued: queue?.stored ?? 0,
    errors: queue?.failed ?? 0,
    running: queue !== undefined && queue.workers > 0,
    queue_size: queue?.queueSize ?? 0,
    channel_count: queue?.channels ?? 0,
    handler_count: { "nostr-in": queue?.workers ?? 0 },
  };
}
