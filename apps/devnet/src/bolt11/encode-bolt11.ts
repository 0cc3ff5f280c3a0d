import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { bech32 } from "@scure/base";

import {
  BECH32_ALPHABET,
  BOLT11_CURRENCIES,
  BOLT11_LENGTH_MAX,
  type Bolt11Field,
  type Bolt11HopHint,
  type Bolt11Invoice,
  FIELD_LETTERS,
} from "./bolt11-invoice";

const TIMESTAMP_WORDS = 7;

/** The invoice as text, signed with the node's key (BOLT 11). The fields come in the order given. */
export function encodeBolt11(invoice: Bolt11Invoice, nodeSecret: Uint8Array): string {
  const prefix = `ln${BOLT11_CURRENCIES[invoice.network]}${encodeAmount(invoice.amountMsat)}`;
  const data = [...numberToWords(BigInt(invoice.timestamp), TIMESTAMP_WORDS), ...invoice.fields.flatMap(encodeField)];
  const hash = signedHash(prefix, data);
  const signed = secp256k1.sign(hash, nodeSecret, { prehash: false, format: "recovered" });
  // noble puts the recovery id first, BOLT 11 last.
  const signature = Buffer.concat([signed.subarray(1), signed.subarray(0, 1)]);
  return bech32.encode(prefix, [...data, ...bech32.toWords(signature)], BOLT11_LENGTH_MAX);
}

/** What the signature is over: the prefix as text, then the data part packed to bytes and padded with zero bits. */
export function signedHash(prefix: string, words: readonly number[]): Uint8Array {
  return sha256(Buffer.concat([Buffer.from(prefix), packWords(words)]));
}

/** Units of the amount, the coarsest first: the shortest writing is the right one. Millisatoshi are tenths of `p`. */
const MULTIPLIERS = [
  { letter: "", picoBtc: 1_000_000_000_000n },
  { letter: "m", picoBtc: 1_000_000_000n },
  { letter: "u", picoBtc: 1_000_000n },
  { letter: "n", picoBtc: 1_000n },
  { letter: "p", picoBtc: 1n },
] as const;

function encodeAmount(amountMsat: bigint | undefined): string {
  if (amountMsat === undefined) return "";
  const picoBtc = amountMsat * 10n;
  const unit = MULTIPLIERS.find((candidate) => picoBtc % candidate.picoBtc === 0n);
  return unit === undefined ? "" : `${picoBtc / unit.picoBtc}${unit.letter}`;
}

function encodeField(field: Bolt11Field): readonly number[] {
  const words = fieldWords(field);
  return [BECH32_ALPHABET.indexOf(FIELD_LETTERS[field.tag]), words.length >> 5, words.length & 31, ...words];
}

function fieldWords(field: Bolt11Field): readonly number[] {
  switch (field.tag) {
    case "payment_hash":
    case "description_hash":
      return hexWords(field.hash);
    case "payment_secret":
      return hexWords(field.secret);
    case "description":
      return bech32.toWords(Buffer.from(field.text));
    case "payee":
      return hexWords(field.pubkey);
    case "metadata":
      return hexWords(field.data);
    case "expiry":
      return numberToWords(BigInt(field.seconds));
    case "min_final_cltv_expiry":
      return numberToWords(BigInt(field.blocks));
    case "fallback":
      return [field.version, ...hexWords(field.program)];
    case "route":
      return bech32.toWords(Buffer.concat(field.hops.map(encodeHop)));
    case "features":
      return numberToWords(field.bits.reduce((sum, bit) => sum | (1n << BigInt(bit)), 0n));
  }
}

function encodeHop(hop: Bolt11HopHint): Uint8Array {
  const rest = Buffer.alloc(18);
  rest.writeBigUInt64BE(hop.shortChannelId, 0);
  rest.writeUInt32BE(hop.feeBaseMsat, 8);
  rest.writeUInt32BE(hop.feeProportionalMillionths, 12);
  rest.writeUInt16BE(hop.cltvExpiryDelta, 16);
  return Buffer.concat([Buffer.from(hop.pubkey, "hex"), rest]);
}

function hexWords(hex: string): readonly number[] {
  return bech32.toWords(Buffer.from(hex, "hex"));
}

/** Big-endian groups of five bits: as few as possible, or a fixed number of them. */
function numberToWords(value: bigint, length?: number): readonly number[] {
  const words: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 5n) words.unshift(Number(rest & 31n));
  return [...Array<number>(Math.max(0, (length ?? 0) - words.length)).fill(0), ...words];
}

function packWords(words: readonly number[]): Uint8Array {
  const bytes = Buffer.alloc(Math.ceil((words.length * 5) / 8));
  words.forEach((word, index) => {
    const bit = index * 5;
    const shifted = word << (11 - (bit % 8));
    const at = bit >> 3;
    bytes[at] = (bytes[at] ?? 0) | (shifted >> 8);
    if ((shifted & 0xff) !== 0) bytes[at + 1] = (bytes[at + 1] ?? 0) | (shifted & 0xff);
  });
  return bytes;
}
