import { schnorr } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";

import { canonicalJson, sha256Hex } from "./payloads.js";

/**
 * BIP340 over a digest the caller computed itself. Never feed it a digest that came from outside: a Nostr key that
 * signs arbitrary hashes can be made to sign events and transactions. Challenges go through `signChallenge`.
 */
export function bip340SignDigest(secretKey: Uint8Array, digestHex: string): string {
  const digest = hex.decode(digestHex);
  if (digest.length !== 32) throw new TypeError("a digest has 32 bytes");
  return hex.encode(schnorr.sign(digest, secretKey));
}

/** Signs the SHA-256 of a message. */
export function signMessage(secretKey: Uint8Array, message: string): { readonly sig: string; readonly digest: string } {
  const digest = sha256Hex(message);
  return { sig: bip340SignDigest(secretKey, digest), digest };
}

/** Signs the SHA-256 of an object's canonical JSON. */
export function signData(secretKey: Uint8Array, data: unknown): { readonly sig: string; readonly digest: string } {
  return signMessage(secretKey, canonicalJson(data));
}

/** A fresh key pair; the public key is x-only hex. */
export function generateKey(): { readonly secretKey: Uint8Array; readonly pubkey: string } {
  const secretKey = schnorr.utils.randomSecretKey();
  return { secretKey, pubkey: hex.encode(schnorr.getPublicKey(secretKey)) };
}
