import { AppError } from "@arkrelay/core/errors";
import { NostrRelaysReply } from "@arkrelay/core/http/nostr-control";

import { readRoute } from "../../http/route";
import { connectedRelays } from "../status/probes";

export const nostrRelaysRoute = readRoute({
  path: "/nostr/relays",
  summary: "The relays and how they are connected",
  auth: ["public"],
  replies: { 200: NostrRelaysReply },
}).handle(async ({ deps }) => {
  const nostr = await deps.status.readNostr();
  if (!nostr.running) throw new AppError("service_stopped", { message: "The Nostr listener is stopped." });
  return {
    status: 200,
    body: {
      relays: nostr.relays.map((relay) => ({
        url: relay.url,
        connected: relay.connected,
        ...(relay.lastSeenAt !== undefined && { last_seen: relay.lastSeenAt.toISOString() }),
        ...(relay.lagSeconds !== undefined && { lag_seconds: relay.lagSeconds }),
      })),
      total_relays: nostr.relays.length,
      connected_relays: connectedRelays(nostr),
    },
  };
});
