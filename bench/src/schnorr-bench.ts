import { createHash, randomBytes } from "node:crypto";

import { schnorr } from "@noble/curves/secp256k1.js";
import { verifySchnorr } from "tiny-secp256k1";

import { spreadOf } from "./statistics";

export interface SchnorrResult {
  readonly wasmPerSecond: readonly number[];
  readonly pureJsPerSecond: readonly number[];
  readonly ratio: number;
}

interface Signed {
  readonly digest: Uint8Array;
  readonly pubkey: Uint8Array;
  readonly signature: Uint8Array;
}

/** BIP340 verifications per second on one thread: tiny-secp256k1 (WASM), which the gateway uses, against pure JavaScript. */
export function benchSchnorr(rounds: number, roundMs: number): SchnorrResult {
  const samples = Array.from({ length: 20 }, makeSample);
  const wasm = ({ digest, pubkey, signature }: Signed) => verifySchnorr(digest, pubkey, signature);
  const pureJs = ({ digest, pubkey, signature }: Signed) => schnorr.verify(signature, digest, pubkey);
  for (const verify of [wasm, pureJs]) verificationsPerSecond(verify, samples, 300);
  const wasmPerSecond: number[] = [];
  const pureJsPerSecond: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    wasmPerSecond.push(verificationsPerSecond(wasm, samples, roundMs));
    pureJsPerSecond.push(verificationsPerSecond(pureJs, samples, roundMs));
  }
  return { wasmPerSecond, pureJsPerSecond, ratio: spreadOf(wasmPerSecond).median / spreadOf(pureJsPerSecond).median };
}

function verificationsPerSecond(
  verify: (sample: Signed) => boolean,
  samples: readonly Signed[],
  durationMs: number,
): number {
  const startedAt = performance.now();
  let count = 0;
  while (performance.now() - startedAt < durationMs) {
    for (const sample of samples) if (!verify(sample)) throw new Error("a good signature was refused");
    count += samples.length;
  }
  return count / ((performance.now() - startedAt) / 1000);
}

function makeSample(): Signed {
  const secretKey = schnorr.utils.randomSecretKey();
  const digest = Uint8Array.from(createHash("sha256").update(randomBytes(32)).digest());
  return { digest, pubkey: schnorr.getPublicKey(secretKey), signature: schnorr.sign(digest, secretKey) };
}
