import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { bech32, hex } from "@scure/base";

export interface TestInvoice {
  /** Human-readable part without the amount. */
  readonly prefix: string;
  readonly amountMsat: bigint | undefined;
  readonly paymentHash: string;
  readonly createdAt: Date;
  readonly expirySeconds: number;
  readonly minFinalCltv: number;
  /** Set feature bits. */
  readonly features: readonly number[];
  readonly paymentSecret: string | undefined;
  readonly secretKey: Uint8Array;
}

/** A node outside, of tests. */
export const PAYEE_KEY = sha256(utf8ToBytes("arkrelay test payee"));

const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/** A BOLT 11 invoice as a payee makes it, for what a test cares about. */
export function aBolt11(about: Partial<TestInvoice> & Pick<TestInvoice, "paymentHash" | "createdAt">): string {
  const invoice: TestInvoice = {
    prefix: "lnbcrt",
    amountMsat: undefined,
    expirySeconds: 3_600,
    minFinalCltv: 18,
    features: [8, 14, 17],
    paymentSecret: "22".repeat(32),
    secretKey: PAYEE_KEY,
    ...about,
  };
  const { paymentHash, paymentSecret, expirySeconds, minFinalCltv, features } = invoice;
  return signBolt11(
    `${invoice.prefix}${invoice.amountMsat === undefined ? "" : `${invoice.amountMsat * 10n}p`}`,
    [
      ...numberWords(Math.floor(invoice.createdAt.getTime() / 1000), 7),
      ...field("p", bech32.toWords(hex.decode(paymentHash))),
      ...(paymentSecret === undefined ? [] : field("s", bech32.toWords(hex.decode(paymentSecret)))),
      ...field("d", bech32.toWords(utf8ToBytes("test"))),
      ...field("x", numberWords(expirySeconds)),
      ...field("c", numberWords(minFinalCltv)),
      ...(features.length === 0 ? [] : field("9", featureWords(features))),
    ],
    invoice.secretKey,
  );
}

/** Whatever the words say, signed by this key. */
export function signBolt11(prefix: string, words: readonly number[], secretKey: Uint8Array): string {
  const hash = sha256(concatBytes(utf8ToBytes(prefix), packWords(words)));
  const [recovery = 0, ...rest] = secp256k1.sign(hash, secretKey, { prehash: false, format: "recovered" });
  return bech32.encode(prefix, [...words, ...bech32.toWords(Uint8Array.from([...rest, recovery]))], false);
}

export function field(letter: string, value: readonly number[]): readonly number[] {
  return [LETTERS.indexOf(letter), value.length >> 5, value.length & 31, ...value];
}

function numberWords(value: number, length?: number): readonly number[] {
  const words: number[] = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 32)) words.unshift(rest % 32);
  while (words.length < (length ?? 1)) words.unshift(0);
  return words;
}

function featureWords(features: readonly number[]): readonly number[] {
  const words = Array<number>(Math.floor(Math.max(...features) / 5) + 1).fill(0);
  for (const bit of features) {
    const at = words.length - 1 - Math.floor(bit / 5);
    words[at] = (words[at] ?? 0) | (1 << (bit % 5));
  }
  return words;
}

/** The last byte is filled up with zero bits. */
function packWords(words: readonly number[]): Uint8Array {
  const bits = words.flatMap((word) => [16, 8, 4, 2, 1].map((mask) => ((word & mask) === 0 ? 0 : 1)));
  const bytes = new Uint8Array(Math.ceil(bits.length / 8));
  for (const [index, bit] of bits.entries()) bytes[index >> 3] = (bytes[index >> 3] ?? 0) | (bit << (7 - (index % 8)));
  return bytes;
}
