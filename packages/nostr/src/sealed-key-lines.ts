import { randomBytes } from "node:crypto";

import { toXOnlyPubkey } from "@arkrelay/core/schnorr";

import { parseSecretKey, sealGatewayKey } from "./gateway-key";

/**
 * What the operator puts into the environment for a key that is kept sealed; the public key stands beside it, to be compared. Without
 * `keyText` (hex or nsec) a key is made that nobody has seen. Throws GatewayKeyError; the secret key is in neither result nor error.
 */
export function sealedKeyLines(keyText: string | undefined, encryptionKey: Uint8Array): readonly string[] {
  const secretKey =
    keyText === undefined ? makeSecretKey() : parseSecretKey(keyText.trim(), "The key on standard input");
  return [
    `# public key ${toXOnlyPubkey(secretKey)}`,
    `GATEWAY_NOSTR_PRIVATE_KEY=${sealGatewayKey(secretKey, encryptionKey)}`,
  ];
}

/** Anything below the group order but zero: chance misses it once in 2^128. */
function makeSecretKey(): Uint8Array {
  return parseSecretKey(randomBytes(32).toString("hex"), "The new key");
}
