import type { NostrEvent } from "../ports/nostr";
import { parseIntentEnvelope } from "./intent-envelope";
import { INTENT_KIND } from "./kinds";

/** `pubkey:kind:action_id` of an intent: one event per key is the accepted one, for ever. Undefined for events that ask for nothing. */
export function requestKeyOf(event: NostrEvent): string | undefined {
  if (event.kind !== INTENT_KIND) return undefined;
  try {
    return `${event.pubkey}:${event.kind}:${parseIntentEnvelope(event.content).content.action_id}`;
  } catch {
    return undefined;
  }
}
