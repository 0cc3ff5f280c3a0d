import { z } from "zod";

import type { NostrEvent } from "../ports/nostr";

const hex = (length: number): z.ZodString => z.string().regex(new RegExp(`^[0-9a-f]{${length}}$`));

/** The whole event as it came over the wire, in UTF-8 bytes. */
export const EVENT_BYTES_MAX = 128 * 1024;

/** NIP-01's shape. Further members are refused: they are covered by no signature, and we store and send events whole. */
export const nostrEventSchema: z.ZodType<NostrEvent> = z.strictObject({
  id: hex(64),
  pubkey: hex(64),
  created_at: z.int().min(0),
  kind: z.int().min(0).max(65_535),
  tags: z.array(z.array(z.string()).max(2_000)).max(2_000),
  content: z.string(),
  sig: hex(128),
});

/** The event in `value`, or undefined when it does not have the shape. Says nothing about id and signature. */
export function parseNostrEvent(value: unknown): NostrEvent | undefined {
  const parsed = nostrEventSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}

/** The first value of a tag; relays index the first value only, so nothing else may carry meaning. */
export function findTag(event: Pick<NostrEvent, "tags">, name: string): string | undefined {
  return event.tags.find((tag) => tag[0] === name)?.[1];
}

/** Every value of a repeated tag, in order. */
export function listTags(event: Pick<NostrEvent, "tags">, name: string): string[] {
  return event.tags.flatMap((tag) => (tag[0] === name && tag[1] !== undefined ? [tag[1]] : []));
}
