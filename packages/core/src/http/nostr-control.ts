import { z } from "zod";

import { count, cursor, jsonObject, limit, opaqueId, page, pubkey, pubkeyOut, shortId, timestamp } from "./fields";
import { SESSION_TYPES, SessionStatus } from "./sessions";

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

const scheme = z.enum(["nip44", "nip04"]);
const eventId = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .meta({ description: "Nostr event id, 64 hex." });

const MESSAGE_BYTES_MAX = 8 * 1024;
const messageText = z
  .string()
  .min(1)
  .refine((text) => new TextEncoder().encode(text).length <= MESSAGE_BYTES_MAX, `at most ${MESSAGE_BYTES_MAX} bytes`);

export const SendDmBody = z
  .strictObject({
    recipient_pubkey: pubkey,
    message: messageText,
    scheme: scheme.optional().meta({ description: "Default: what the recipient used last, else NOSTR_DM_SCHEME." }),
  })
  .meta({ id: "SendDm" });

export const SendDmReply = z
  .object({ message: z.string(), event_id: eventId, recipient: pubkeyOut, scheme })
  .meta({ id: "DmQueued" });

export const PublishTestBody = z
  .strictObject({ message: messageText.optional(), kind: z.literal(1).optional() })
  .meta({ id: "PublishTest" });

export const PublishTestReply = z
  .object({ message: z.string(), event_id: eventId, kind: z.literal(1) })
  .meta({ id: "TestNoteQueued" });

export const TestEncryptionBody = z
  .strictObject({ recipient_pubkey: pubkey.optional(), message: messageText.optional(), scheme: scheme.optional() })
  .meta({ id: "TestEncryption" });

export const TestEncryptionReply = z
  .object({
    success: z.boolean(),
    message_length: count,
    encrypted_length: count,
    encryption_time_ms: z.number().min(0),
    decryption_time_ms: z.number().min(0),
    scheme,
  })
  .meta({ id: "EncryptionTest" });

export const NostrSessionsQuery = z.object({ limit: limit(), cursor });

export const NostrSessionsReply = z
  .object({
    sessions: z.array(
      z.object({
        session_id: opaqueId,
        user_pubkey: shortId,
        session_type: z.enum(SESSION_TYPES),
        status: SessionStatus,
        context: jsonObject,
        created_at: timestamp,
        expires_at: timestamp,
      }),
    ),
    ...page,
  })
  .meta({ id: "NostrSessions" });
