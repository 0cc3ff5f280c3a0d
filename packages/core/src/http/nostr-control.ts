import { z } from "zod";

import { count, pubkeyOut, timestamp } from "./fields";

export const NostrSwitchReply = z
  .object({
    message: z.string(),
    desired_state: z.enum(["running", "stopped"]),
    gateway_pubkey: pubkeyOut.optional(),
    connected_relays: count,
  })
  .meta({ id: "NostrSwitch" });

export const NostrStatusReply = z
  .object({
    running: z.boolean(),
    message: z.string().optional(),
    gateway_pubkey: pubkeyOut.optional(),
    nostr_stats: z
      .object({
        events_received: count,
        events_published: count,
        connections: count,
        errors: count,
        running: z.boolean(),
        relay_count: count,
        connected_relays: count,
        subscriptions: count,
        handlers: z.record(z.string(), count),
      })
      .optional(),
    redis_stats: z
      .object({
        messages_processed: count,
        messages_published: count,
        jobs_enqueued: count,
        errors: count,
        running: z.boolean(),
        queue_size: count,
        channel_count: count,
        handler_count: z.record(z.string(), count),
      })
      .optional(),
  })
  .meta({ id: "NostrStatus" });

export const NostrRelaysReply = z
  .object({
    relays: z.array(
      z.object({
        url: z.string(),
        connected: z.boolean(),
        last_seen: timestamp.optional(),
        lag_seconds: z.number().optional(),
      }),
    ),
    total_relays: count,
    connected_relays: count,
  })
  .meta({ id: "NostrRelays" });
