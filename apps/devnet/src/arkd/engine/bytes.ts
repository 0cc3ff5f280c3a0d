import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";

const TEXT = new TextEncoder();

export function utf8(text: string): Uint8Array {
  return TEXT.encode(text);
}

export function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index]);
}

export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** BIP340 tagged hash. */
export function taggedHash(tag: string, message: Uint8Array): Uint8Array {
  const tagHash = sha256(utf8(tag));
  return sha256(concatBytes(tagHash, tagHash, message));
}

/** Double sha256 in display order, the way txids are printed. */
export function txidOf(rawTx: Uint8Array): string {
  return hex.encode(sha256(sha256(rawTx)).reverse());
}
