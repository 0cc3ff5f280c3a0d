import { secp256k1 } from "@noble/curves/secp256k1.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { utf8ToBytes } from "@noble/hashes/utils.js";
import { hex } from "@scure/base";

import { assert } from "../errors";
import { toXOnlyPubkey } from "../schnorr";

/**
 * Keys of the gateway's own VTXOs. `treasury` holds what inventory is made from, `stock` what is sold and delivered, `fee` the
 * co-inputs that collect fees, `used` co-inputs that came back, `land` what users pay in for Lightning.
 */
export const GATEWAY_KEY_NAMES = ["treasury", "stock", "fee", "used", "land"] as const;

export type GatewayKeyName = (typeof GATEWAY_KEY_NAMES)[number];

export interface GatewayKey {
  /** 32 bytes. Never logged, stored or sent. */
  readonly secretKey: Uint8Array;
  /** x-only, 64 hex. */
  readonly pubkey: string;
}

/** Changing it changes every key, so the VTXOs of the old ones would no longer be ours to spend. */
const SALT = "arkrelay/gateway-wallet/v1";

/**
 * Derives the keys from GATEWAY_WALLET_SEED (32 bytes): the secret of `name` is HKDF-SHA256 (RFC 5869) with the seed as input
 * keying material, "arkrelay/gateway-wallet/v1" as salt, `name` as info, and 32 bytes of output. Distinct keys keep the coin
 * selections apart and let one be rotated without the others; the Nostr key is never one of them.
 */
export function deriveGatewayKeys(seed: Uint8Array): Readonly<Record<GatewayKeyName, GatewayKey>> {
  assert(seed.length === 32, "the wallet seed is 32 bytes");
  return {
    treasury: deriveKey(seed, "treasury"),
    stock: deriveKey(seed, "stock"),
    fee: deriveKey(seed, "fee"),
    used: deriveKey(seed, "used"),
    land: deriveKey(seed, "land"),
  };
}

/** The name that no VTXO script is made with. */
const COSIGNER = "batch-cosigner";

/** Signs the trees of arkd's batches with MuSig2, and nothing else: a nonce used twice would give this key away, and no VTXO with it. */
export function deriveCosignerKey(seed: Uint8Array): { readonly secretKey: Uint8Array; readonly pubkey: string } {
  assert(seed.length === 32, "the wallet seed is 32 bytes");
  const secretKey = hkdf(sha256, seed, utf8ToBytes(SALT), utf8ToBytes(COSIGNER), 32);
  return { secretKey, pubkey: hex.encode(secp256k1.getPublicKey(secretKey)) };
}

/**
 * The same for one user's VTXOs in a batch, made of a key of the gateway's: a key that signed for two participants of one batch would
 * have to show two nonces.
 */
export function deriveUserCosignerKey(
  { secretKey: from }: GatewayKey,
  sessionId: string,
): { readonly secretKey: Uint8Array; readonly pubkey: string } {
  const secretKey = hkdf(sha256, from, utf8ToBytes(SALT), utf8ToBytes(`${COSIGNER}/${sessionId}`), 32);
  return { secretKey, pubkey: hex.encode(secp256k1.getPublicKey(secretKey)) };
}

/** An output of 0 or above the curve order (one seed in 2^127) makes toXOnlyPubkey throw, so start fails. */
function deriveKey(seed: Uint8Array, name: GatewayKeyName): GatewayKey {
  const secretKey = hkdf(sha256, seed, utf8ToBytes(SALT), utf8ToBytes(name), 32);
  return { secretKey, pubkey: toXOnlyPubkey(secretKey) };
}
