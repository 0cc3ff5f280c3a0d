import { NostrStatusReply } from "@arkrelay/core/http/nostr-control";

import { readRoute } from "../../http/route";
import { connectedRelays } from "../status/probes";

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
    },
  };
});
