import { getConversationKey } from "nostr-tools/nip44";

/** Enough for every peer of a busy day; one entry is some 200 bytes. */
const ENTRIES_MAX = 10_000;

/**
 * NIP-44 conversation keys per peer. Making one costs a point multiplication (5 ms in plain JavaScript), a hundred times the
 * encryption itself. The least recently used entry goes first.
 */
export function createConversationKeys(secretKey: Uint8Array): (peerPubkey: string) => Uint8Array {
  const keys = new Map<string, Uint8Array>();
  return (peerPubkey) => {
    const key = keys.get(peerPubkey) ?? getConversationKey(secretKey, peerPubkey);
    keys.delete(peerPubkey);
    keys.set(peerPubkey, key);
    const oldest = keys.size > ENTRIES_MAX ? keys.keys().next().value : undefined;
    if (oldest !== undefined) keys.delete(oldest);
    return key;
  };
}
