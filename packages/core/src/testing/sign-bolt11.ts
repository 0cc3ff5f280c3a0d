import { randomBytes } from "node:crypto";

import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, hexToBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { bech32 } from "@scure/base";

export interface TestInvoice {
  /** Whole sats; undefined = the payer chooses. */
  readonly amountSats?: number | undefined;
  readonly paymentHash?: string;
  readonly createdAt?: Date;
  readonly expirySeconds?: number;
  readonly minFinalCltv?: number;
  readonly prefix?: string;
  /** The payee's. */
  readonly secretKey?: Uint8Array;
}

const LETTERS = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const TIMESTAMP_WORDS = 7;
const LENGTH_MAX = 4_096;
const PAYEE = sha256(utf8ToBytes("payee of the test invoices"));

/** A BOLT 11 invoice of another node, as its wallet would show it: var_onion and payment_secret required, basic_mpp offered. */
export function signBolt11(invoice: TestInvoice = {}): string {
  const { amountSats, prefix = "lnbcrt", createdAt = new Date(), secretKey = PAYEE } = invoice;
  const hrp = amountSats === undefined ? prefix : `${prefix}${String(amountSats * 10)}n`;
  const words = [
    ...numberWords(Math.floor(createdAt.getTime() / 1000), TIMESTAMP_WORDS),
    ...field("p", bech32.toWords(hexToBytes(invoice.paymentHash ?? randomBytes(32).toString("hex")))),
    ...field("s", bech32.toWords(randomBytes(32))),
    ...field("d", bech32.toWords(utf8ToBytes("tea"))),
    ...field("x", numberWords(invoice.expirySeconds ?? 3_600, 4)),
    ...field("c", numberWords(invoice.minFinalCltv ?? 18, 2)),
    ...field("9", numberWords(0b10_0100_0001_0000_0000, 4)),
  ];
  const digest = sha256(concatBytes(utf8ToBytes(hrp), packBits(words)));
  const signed = secp256k1.sign(digest, secretKey, { prehash: false, format: "recovered" });
  // noble puts the recovery id first, BOLT 11 last.
  const signature = concatBytes(signed.subarray(1), signed.subarray(0, 1));
  return bech32.encode(hrp, [...words, ...bech32.toWords(signature)], LENGTH_MAX);
}

function field(letter: string, words: readonly number[]): number[] {
  return [LETTERS.indexOf(letter), words.length >> 5, words.length & 31, ...words];
}

/** Big endian, 5 bits each. */
function numberWords(value: number, length: number): number[] {
  return Array.from({ length }, (_, i) => Math.floor(value / 32 ** (length - 1 - i)) % 32);
}

/** The words as bytes, the last one filled up with zero bits: what is signed. */
function packBits(words: readonly number[]): Uint8Array {
  const bits = words.map((word) => word.toString(2).padStart(5, "0")).join("");
  const bytes = bits.match(/.{1,8}/g) ?? [];
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
}
