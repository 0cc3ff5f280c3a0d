import { createWrap } from "nostr-tools/nip59";

import { computeEventId } from "@arkrelay/core/nostr/event-id";
import { DIRECT_MESSAGE_KIND, PRIVATE_MESSAGE_KIND, SEAL_KIND } from "@arkrelay/core/nostr/kinds";
import type { DmScheme, GatewayIdentity, NostrEvent } from "@arkrelay/core/ports/nostr";

export interface DirectMessage {
  readonly recipientPubkey: string;
  readonly text: string;
  readonly scheme: DmScheme;
  readonly now: Date;
  /** A fraction from 0 up to 1. */
  readonly random: () => number;
}

/** NIP-59: how far back the time of a seal may be moved, so that it tells nothing about the conversation. */
const TIME_SHIFT_SECONDS = 2 * 24 * 60 * 60;

/**
 * A text for one peer as a complete event: a NIP-17 gift wrap, signed by a key that is used once and forgotten, or the kind 4 of
 * NIP-04 for peers who read only that.
 */
export function createDirectMessage(identity: GatewayIdentity, message: DirectMessage): NostrEvent {
  return message.scheme === "nip04" ? createKind4(identity, message) : createGiftWrap(identity, message);
}

function createKind4(identity: GatewayIdentity, { recipientPubkey, text, now }: DirectMessage): NostrEvent {
  return identity.sign({
    kind: DIRECT_MESSAGE_KIND,
    created_at: unixSeconds(now),
    tags: [["p", recipientPubkey]],
    content: identity.encrypt(recipientPubkey, text, "nip04"),
  });
}

function createGiftWrap(identity: GatewayIdentity, message: DirectMessage): NostrEvent {
  const { recipientPubkey, text, now, random } = message;
  const unsigned = {
    kind: PRIVATE_MESSAGE_KIND,
    created_at: unixSeconds(now),
    tags: [["p", recipientPubkey]],
    content: text,
  };
  const rumor = { ...unsigned, pubkey: identity.pubkey, id: computeEventId(identity.pubkey, unsigned) };
  const seal = identity.sign({
    kind: SEAL_KIND,
    created_at: unixSeconds(now) - Math.floor(random() * TIME_SHIFT_SECONDS),
    tags: [],
    content: identity.encrypt(recipientPubkey, JSON.stringify(rumor), "nip44"),
  });
  const { id, pubkey, created_at, kind, tags, content, sig } = createWrap({ ...seal, tags: [] }, recipientPubkey);
  return { id, pubkey, created_at, kind, tags, content, sig };
}

function unixSeconds(at: Date): number {
  return Math.floor(at.getTime() / 1000);
}
