import { schnorr } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";
import { keyAggregate, sortKeys } from "@scure/btc-signer/musig2.js";

/** MuSig2 key (33 bytes) of compressed keys, each counted once, tweaked by the root of a tap tree. */
export function aggregateKeys(pubkeys: readonly string[], taprootRoot: Uint8Array): Uint8Array {
  const keys = sortedKeys(pubkeys);
  return keyAggregate(keys, [tapTweakOf(keys, taprootRoot)], [true]).aggPublicKey.toBytes(true);
}

export function sortedKeys(pubkeys: readonly string[]): Uint8Array[] {
  return sortKeys([...new Set(pubkeys)].map((pubkey) => hex.decode(pubkey)));
}

export function tapTweakOf(keys: Uint8Array[], taprootRoot: Uint8Array): Uint8Array {
  const { aggPublicKey } = keyAggregate(keys);
  return schnorr.utils.taggedHash("TapTweak", aggPublicKey.toBytes(true).subarray(1), taprootRoot);
}
