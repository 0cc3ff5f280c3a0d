import { schnorr } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";

import { decryptNip04, decryptNip44, encryptNip04, encryptNip44 } from "./encryption.js";
import { type EventDraft, type NostrEvent, signEvent } from "./nostr-utils.js";

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

/** A signer over a raw 32-byte secret key. */
export function secretKeySigner(secretKey: Uint8Array): Required<Signer> {
  const pubkey = hex.encode(schnorr.getPublicKey(secretKey));
  return {
    getPublicKey: async () => pubkey,
    signEvent: async (draft) => signEvent(secretKey, draft.kind, draft.content, draft.tags, draft.created_at),
    signSchnorr: async (digest) => hex.encode(schnorr.sign(hex.decode(digest), secretKey)),
    nip44: {
      encrypt: async (peer, text) => encryptNip44(secretKey, peer, text),
      decrypt: async (peer, payload) => decryptNip44(secretKey, peer, payload),
    },
    nip04: {
      encrypt: async (peer, text) => encryptNip04(secretKey, peer, text),
      decrypt: async (peer, payload) => decryptNip04(secretKey, peer, payload),
    },
  };
}
