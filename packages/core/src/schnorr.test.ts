import { readFileSync } from "node:fs";
import path from "node:path";

import { hex } from "@scure/base";

import {
  isValidXOnly,
  jsSchnorr,
  type SchnorrBackend,
  signSchnorr,
  toXOnlyPubkey,
  verifySchnorr,
  wasmSchnorr,
} from "./schnorr";

interface Vector {
  readonly index: string;
  readonly secretKey: string;
  readonly pubkey: string;
  readonly auxRand: string;
  readonly message: string;
  readonly signature: string;
  readonly isValid: boolean;
}

const vectors = readVectors(path.join(__dirname, "../test-vectors/bip340.csv"));
const signingVectors = vectors.filter((vector) => vector.secretKey !== "");
const backends: [string, SchnorrBackend | undefined][] = [
  ["WebAssembly", wasmSchnorr],
  ["JavaScript", jsSchnorr],
];

describe.each(backends)("BIP340 in %s", (_name, maybeBackend) => {
  const backend = present(maybeBackend);

  test.each(vectors)("gives the official verdict on vector $index", ({ signature, message, pubkey, isValid }) => {
    expect(backend.verify(hex.decode(signature), hex.decode(message), hex.decode(pubkey))).toBe(isValid);
  });

  test.each(signingVectors)("makes the official signature of vector $index", (vector) => {
    const signature = backend.sign(
      hex.decode(vector.message),
      hex.decode(vector.secretKey),
      hex.decode(vector.auxRand),
    );
    expect(hex.encode(signature)).toBe(vector.signature);
  });

  test.each(signingVectors)("derives the official public key of vector $index", ({ secretKey, pubkey }) => {
    expect(hex.encode(backend.toPubkey(hex.decode(secretKey)))).toBe(pubkey);
  });

  test("refuses 0 and the curve order as secret keys", () => {
    const order = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
    expect(() => backend.toPubkey(new Uint8Array(32))).toThrow();
    expect(() => backend.toPubkey(hex.decode(order))).toThrow();
  });

  test("knows which x coordinates are on the curve", () => {
    // Vectors 5 and 14: not on the curve, and not below the field size.
    const verdicts = vectors.map(({ index, pubkey }) => [index, backend.isValidXOnly(hex.decode(pubkey))]);
    expect(verdicts.filter(([, isValid]) => isValid === false).map(([index]) => index)).toEqual(["5", "14"]);
  });
});

test("a signature made here verifies here, and not for another message or key", () => {
  const secretKey = new Uint8Array(32).fill(7);
  const message = new Uint8Array(32).fill(9);
  const signature = signSchnorr(message, secretKey, new Uint8Array(32));
  const pubkey = hex.decode(toXOnlyPubkey(secretKey));
  expect(verifySchnorr(signature, message, pubkey)).toBe(true);
  expect(verifySchnorr(signature, new Uint8Array(32), pubkey)).toBe(false);
  expect(verifySchnorr(signature, message, hex.decode(toXOnlyPubkey(message)))).toBe(false);
});

test("wrong lengths are invalid, not errors", () => {
  const [vector] = signingVectors;
  const { signature, message, pubkey } = present(vector);
  const good = [hex.decode(signature), hex.decode(message), hex.decode(pubkey)] as const;
  expect(verifySchnorr(...good)).toBe(true);
  expect(verifySchnorr(new Uint8Array([...good[0], 1]), good[1], good[2])).toBe(false);
  expect(verifySchnorr(good[0], good[1].subarray(1), good[2])).toBe(false);
  expect(verifySchnorr(good[0], good[1], new Uint8Array([2, ...good[2]]))).toBe(false);
  expect(isValidXOnly(`02${pubkey}`)).toBe(false);
  expect(isValidXOnly(pubkey.toUpperCase())).toBe(false);
});

function readVectors(file: string): Vector[] {
  const [, ...lines] = readFileSync(file, "utf8").trim().split("\n");
  return lines.map((line) => {
    const [index, secretKey, pubkey, auxRand, message, signature, verdict] = line.toLowerCase().split(",").map(present);
    return {
      index: present(index),
      secretKey: present(secretKey),
      pubkey: present(pubkey),
      auxRand: present(auxRand),
      message: present(message),
      signature: present(signature),
      isValid: verdict === "true",
    };
  });
}

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("missing test data");
  return value;
}
