import { z } from "zod";

import { asciiText, count, opaqueId, timestamp } from "./fields";

export const TimelineQuery = z.object({
  id: asciiText(191).min(1).meta({
    description: "A session, job, request, challenge, transaction, payment, lift, land, payout or Nostr event.",
  }),
});

export const SessionTimelineParams = z.object({ session_id: opaqueId });

export const TimelineReply = z
  .object({
    timeline: z.array(
      z.object({
        at: timestamp,
        source: z.enum(["http", "job", "daemon", "nostr", "webhook", "ledger"]),
        what: z.string(),
        ref: z.string(),
        duration_ms: count.optional(),
        outcome: z.string().nullable(),
      }),
    ),
    stuck_reason: z
      .string()
      .optional()
      .meta({ description: "Why it goes on no further; absent when it is over or moves." }),
  })
  .meta({ id: "Timeline" });
