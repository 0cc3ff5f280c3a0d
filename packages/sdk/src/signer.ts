import type { EventDraft, NostrEvent } from "./nostr-event.js";

interface Cipher {
  encrypt(peerPubkey: string, text: string): Promise<string>;
  decrypt(peerPubkey: string, payload: string): Promise<string>;
}

/**
 * Whoever holds the user's key. `window.nostr` of a NIP-07 extension has this shape; signing transactions also needs
 * `signSchnorr`, which only some extensions offer, because NIP-07 itself signs event ids and nothing else.
 */
export interface Signer {
  getPublicKey(): Promise<string>;
  signEvent(draft: EventDraft & { readonly created_at: number }): Promise<NostrEvent>;
  /** BIP340 over a 32-byte digest (hex in, hex out). Call it only through `signChallenge`. */
  signSchnorr?(digestHex: string): Promise<string>;
  readonly nip44?: Cipher;
  readonly nip04?: Cipher;
}
