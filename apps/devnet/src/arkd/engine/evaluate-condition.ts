import { ripemd160 } from "@noble/hashes/legacy.js";
import { sha256 } from "@noble/hashes/sha2.js";

import { equalBytes } from "./bytes";

const OP_SHA256 = 0xa8;
const OP_HASH160 = 0xa9;
const OP_EQUAL = 0x87;

/**
 * Evaluates the two condition scripts hash locks use: `HASH160 <20 bytes> EQUAL` and `SHA256 <32 bytes> EQUAL`.
 * Any other script is false: arkd runs a script engine here, and guessing would let through what it refuses.
 */
export function evaluateCondition(script: Uint8Array, witness: readonly Uint8Array[]): boolean {
  const preimage = witness.at(-1);
  if (preimage === undefined || script.at(-1) !== OP_EQUAL) return false;
  const digest = script.subarray(2, -1);
  if (digest.length !== script[1]) return false;
  if (script[0] === OP_SHA256 && digest.length === 32) return equalBytes(sha256(preimage), digest);
  if (script[0] === OP_HASH160 && digest.length === 20) return equalBytes(ripemd160(sha256(preimage)), digest);
  return false;
}
