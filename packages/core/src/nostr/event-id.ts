import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";

import type { NostrEvent, NostrEventTemplate } from "../ports/nostr";
import { verifySchnorr } from "../schnorr";

/**
 * The NIP-01 id of an event: sha256 over its canonical array. NIP-01 asks to escape line feed, quote, backslash, carriage
 * return, tab, backspace and form feed only; `JSON.stringify` writes the other control characters as \u00XX, and so does
 * every relay and client in use, so an event holding one has the id the network gives it.
 */
export function computeEventId(pubkey: string, template: NostrEventTemplate): string {
  const serialised = JSON.stringify([0, pubkey, template.created_at, template.kind, template.tags, template.content]);
  return bytesToHex(sha256(utf8ToBytes(serialised)));
}

/** Whether the id is the event's own and the signature over it is the author's (BIP340). The shape must have been parsed. */
export function verifyEvent(event: NostrEvent): boolean {
  if (computeEventId(event.pubkey, event) !== event.id) return false;
  return verifySchnorr(hexToBytes(event.sig), hexToBytes(event.id), hexToBytes(event.pubkey));
}
