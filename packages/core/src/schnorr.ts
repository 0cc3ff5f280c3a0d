import { schnorr as noble, secp256k1 } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";
import type * as Tiny from "tiny-secp256k1";

import { assert } from "./errors";

/** BIP340 over 32-byte messages with x-only keys. The verifiers never throw: whatever is malformed is invalid. */
export interface SchnorrBackend {
  verify(signature: Uint8Array, message: Uint8Array, pubkey: Uint8Array): boolean;
  sign(message: Uint8Array, secretKey: Uint8Array, auxRand: Uint8Array): Uint8Array;
  /** Throws when the secret key is 0 or not below the curve order. */
  toPubkey(secretKey: Uint8Array): Uint8Array;
  /** BIP340 lift_x: whether some point of the curve has this x coordinate. */
  isValidXOnly(pubkey: Uint8Array): boolean;
}

/** libsecp256k1 compiled to WebAssembly, several times faster; undefined where WebAssembly cannot be loaded. */
export const wasmSchnorr: SchnorrBackend | undefined = loadWasm();

/** The same in plain JavaScript. */
export const jsSchnorr: SchnorrBackend = {
  verify: (signature, message, pubkey) => isFalseIfThrows(() => noble.verify(signature, message, pubkey)),
  sign: (message, secretKey, auxRand) => noble.sign(message, secretKey, auxRand),
  toPubkey: (secretKey) => noble.getPublicKey(secretKey),
  isValidXOnly: (pubkey) =>
    isFalseIfThrows(() => noble.utils.lift_x(BigInt(`0x${hex.encode(pubkey)}`)) instanceof secp256k1.Point),
};

const backend: SchnorrBackend = wasmSchnorr ?? jsSchnorr;

/** Whether `signature` (64 bytes) is `pubkey`'s (32 bytes) over `message` (32 bytes). Wrong lengths are invalid. */
export function verifySchnorr(signature: Uint8Array, message: Uint8Array, pubkey: Uint8Array): boolean {
  if (signature.length !== 64 || message.length !== 32 || pubkey.length !== 32) return false;
  return backend.verify(signature, message, pubkey);
}

/** Signs a 32-byte message; `auxRand` is 32 fresh random bytes (BIP340 default signing). */
export function signSchnorr(message: Uint8Array, secretKey: Uint8Array, auxRand: Uint8Array): Uint8Array {
  assert(message.length === 32 && secretKey.length === 32 && auxRand.length === 32, "BIP340 signs 32-byte values");
  return backend.sign(message, secretKey, auxRand);
}

/** Whether 64 lower-case hex characters are the x coordinate of a point, so that somebody can sign for it. */
export function isValidXOnly(pubkey: string): boolean {
  return /^[0-9a-f]{64}$/.test(pubkey) && backend.isValidXOnly(hex.decode(pubkey));
}

/** The x-only public key of a 32-byte secret key, 64 hex. Throws for 0 and for values that are not below the curve order. */
export function toXOnlyPubkey(secretKey: Uint8Array): string {
  return hex.encode(backend.toPubkey(secretKey));
}

function loadWasm(): SchnorrBackend | undefined {
  try {
    // A static import could not fall back, because the package compiles its WebAssembly while it is loaded, and import()
    // would make every caller asynchronous.
    // eslint-disable-next-line typescript/no-require-imports, typescript/no-unsafe-assignment -- require returns any.
    const tiny: typeof Tiny = require("tiny-secp256k1");
    return {
      verify: (signature, message, pubkey) => isFalseIfThrows(() => tiny.verifySchnorr(message, pubkey, signature)),
      sign: (message, secretKey, auxRand) => tiny.signSchnorr(message, secretKey, auxRand),
      toPubkey: (secretKey) => tiny.xOnlyPointFromScalar(secretKey),
      isValidXOnly: (pubkey) => isFalseIfThrows(() => tiny.isXOnlyPoint(pubkey)),
    };
  } catch {
    return undefined;
  }
}

function isFalseIfThrows(check: () => boolean): boolean {
  try {
    return check();
  } catch {
    return false;
  }
}
