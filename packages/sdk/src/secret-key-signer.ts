import { schnorr } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";

import { decryptNip04, decryptNip44, encryptNip04, encryptNip44 } from "./encryption.js";
import { signEvent } from "./nostr-utils.js";
import type { Signer } from "./signer.js";

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
