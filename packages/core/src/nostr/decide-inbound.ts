import { utf8ToBytes } from "@noble/hashes/utils.js";

import type { NostrEvent } from "../ports/nostr";
import { parseIntentEnvelope } from "./intent-envelope";
import { INTENT_KIND, isInboundKind, SERVICE_REQUEST_KIND } from "./kinds";
import { EVENT_BYTES_MAX, findTag, listTags, parseNostrEvent } from "./nostr-event";

/** Why an event was dropped at the door. Nobody is told: its author is unproven, or the event is simply too old. */
export type DropReason =
  | "malformed"
  | "too_large"
  | "unknown_kind"
  | "other_recipient"
  | "too_old"
  | "too_new"
  | "expired";

export type InboundDecision =
  /** `isCurrent`: its time was right, so the relay's cursor may move up to it. The signature is still to be checked. */
  | { readonly kind: "take"; readonly event: NostrEvent; readonly isCurrent: boolean }
  | { readonly kind: "drop"; readonly reason: DropReason };

export interface InboundRules {
  /** Our keys, previous ones included. */
  readonly pubkeys: readonly string[];
  readonly now: Date;
  readonly maxAgeSeconds: number;
  readonly maxFutureSeconds: number;
}

/**
 * The checks of an event that need nothing but the event: size, kind, recipient and time. `stored` events were delivered from
 * the relay's memory after a (re)connect: we may have been away when they were sent, so for them only their own expiry counts.
 */
export function decideInbound(raw: unknown, stored: boolean, rules: InboundRules): InboundDecision {
  const event = parseNostrEvent(raw);
  if (event === undefined) return drop("malformed");
  if (!isInboundKind(event.kind)) return drop("unknown_kind");
  if (!listTags(event, "p").some((pubkey) => rules.pubkeys.includes(pubkey))) return drop("other_recipient");
  if (utf8ToBytes(JSON.stringify(event)).length > EVENT_BYTES_MAX) return drop("too_large");
  const nowSeconds = Math.floor(rules.now.getTime() / 1000);
  if (event.created_at > nowSeconds + rules.maxFutureSeconds) return drop("too_new");
  if (event.created_at >= nowSeconds - rules.maxAgeSeconds) return { kind: "take", event, isCurrent: true };
  if (!stored) return drop("too_old");
  return isExpired(event, nowSeconds) ? drop("expired") : { kind: "take", event, isCurrent: false };
}

/** An answer has no expiry of its own: after acceptance one counts until the ceremony is finalising, however late. */
function isExpired(event: NostrEvent, nowSeconds: number): boolean {
  const expiration = findTag(event, "expiration");
  if (expiration !== undefined && Number(expiration) <= nowSeconds) return true;
  // A request has nothing but the tag to say how long it stands: without one nobody waits for it any more.
  if (event.kind === SERVICE_REQUEST_KIND) return expiration === undefined;
  return event.kind === INTENT_KIND && !isIntentAlive(event.content, nowSeconds);
}

/** An old intent that cannot be read has no expiry that still stands. */
function isIntentAlive(content: string, nowSeconds: number): boolean {
  try {
    return parseIntentEnvelope(content).content.expires_at > nowSeconds;
  } catch {
    return false;
  }
}

function drop(reason: DropReason): InboundDecision {
  return { kind: "drop", reason };
}
