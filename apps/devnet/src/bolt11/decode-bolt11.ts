import { secp256k1 } from "@noble/curves/secp256k1.js";
import { bech32, hex } from "@scure/base";

import {
  BECH32_ALPHABET,
  BOLT11_CURRENCIES,
  BOLT11_LENGTH_MAX,
  type Bolt11Field,
  type Bolt11HopHint,
  type Bolt11Invoice,
  type Bolt11Network,
  FIELD_LETTERS,
} from "./bolt11-invoice";
import { signedHash } from "./encode-bolt11";

export class Bolt11FormatError extends Error {}

export interface DecodedBolt11 extends Bolt11Invoice {
  /** 66 hex: the payee of field `n`, or the key recovered from the signature. */
  readonly payeePubkey: string;
}

const SIGNATURE_WORDS = 104;
const TIMESTAMP_WORDS = 7;
const HOP_BYTES = 51;
/** Fields of another length than these are to be skipped (BOLT 11). */
const FIXED_WORDS: Readonly<Partial<Record<Bolt11Field["tag"], number>>> = {
  payment_hash: 52,
  payment_secret: 52,
  description_hash: 52,
  payee: 53,
};

/** Reads an invoice of any network and checks its signature. Throws Bolt11FormatError. */
export function decodeBolt11(text: string): DecodedBolt11 {
  const { prefix, words } = decodeBech32(text);
  const { network, amountMsat } = parsePrefix(prefix);
  const data = words.slice(0, -SIGNATURE_WORDS);
  if (data.length < TIMESTAMP_WORDS) throw new Bolt11FormatError("short invoice");
  const fields = parseFields(data.slice(TIMESTAMP_WORDS));
  const payeePubkey = payeeOf(prefix, data, words.slice(-SIGNATURE_WORDS), fields);
  return { network, amountMsat, timestamp: wordsToNumber(data.slice(0, TIMESTAMP_WORDS)), fields, payeePubkey };
}

/** The first field of a kind. */
export function findField<T extends Bolt11Field["tag"]>(
  invoice: Bolt11Invoice,
  tag: T,
): Extract<Bolt11Field, { tag: T }> | undefined {
  return invoice.fields.find((field): field is Extract<Bolt11Field, { tag: T }> => field.tag === tag);
}

/** In the words of lnd's own decoder (zpay32), on which its clients rely. */
function decodeBech32(text: string): { readonly prefix: string; readonly words: readonly number[] } {
  const lower = text.toLowerCase();
  const separator = lower.lastIndexOf("1");
  if (text.length < BECH32_LENGTH_MIN) throw new Bolt11FormatError(`invalid bech32 string length ${text.length}`);
  const odd = /[^!-~]/.exec(text)?.[0];
  if (odd !== undefined) throw new Bolt11FormatError(`invalid character in string: '${odd}'`);
  if (text !== lower && text !== text.toUpperCase()) {
    throw new Bolt11FormatError("string not all lowercase or all uppercase");
  }
  if (separator < 1 || separator + 7 > text.length) throw new Bolt11FormatError("invalid index of 1");
  const foreign = new RegExp(`[^${BECH32_ALPHABET}]`).exec(lower.slice(separator + 1))?.[0];
  if (foreign !== undefined) {
    throw new Bolt11FormatError(`failed converting data to bytes: invalid character not part of charset: ${foreign}`);
  }
  try {
    const decoded = bech32.decode(lower as `${string}1${string}`, BOLT11_LENGTH_MAX);
    return { prefix: decoded.prefix, words: decoded.words };
  } catch {
    throw new Bolt11FormatError("checksum failed.");
  }
}

const BECH32_LENGTH_MIN = 8;
const PREFIX = /^ln(bcrt|bc|tbs|tb)(?:(\d+)([munp])?)?$/;
/** Tenths of a pico-bitcoin would be finer than a millisatoshi: `p` amounts end in 0. */
const MSAT_PER_UNIT: Readonly<Record<string, bigint>> = { m: 100_000_000n, u: 100_000n, n: 100n };
const MSAT_PER_BTC = 100_000_000_000n;

function parsePrefix(prefix: string): { readonly network: Bolt11Network; readonly amountMsat: bigint | undefined } {
  const [, currency = "", digits, unit = ""] = PREFIX.exec(prefix) ?? [];
  const network = (Object.keys(BOLT11_CURRENCIES) as Bolt11Network[]).find(
    (name) => BOLT11_CURRENCIES[name] === currency,
  );
  if (!prefix.startsWith("ln")) throw new Bolt11FormatError('prefix should be "ln"');
  if (network === undefined) throw new Bolt11FormatError("invoice not for current active network");
  if (digits === undefined) return { network, amountMsat: undefined };
  if (unit !== "p") return { network, amountMsat: BigInt(digits) * (MSAT_PER_UNIT[unit] ?? MSAT_PER_BTC) };
  if (!digits.endsWith("0")) throw new Bolt11FormatError("amount is finer than a millisatoshi");
  return { network, amountMsat: BigInt(digits) / 10n };
}

function parseFields(words: readonly number[]): readonly Bolt11Field[] {
  const fields: Bolt11Field[] = [];
  for (let at = 0; at < words.length;) {
    const [letter = 0, high = 0, low = 0] = words.slice(at, at + 3);
    const length = high * 32 + low;
    const value = words.slice(at + 3, at + 3 + length);
    if (value.length !== length || at + 3 > words.length) throw new Bolt11FormatError("field is cut short");
    const field = parseField(BECH32_ALPHABET[letter] ?? "", value);
    if (field !== undefined) fields.push(field);
    at += 3 + length;
  }
  return fields;
}

function parseField(letter: string, words: readonly number[]): Bolt11Field | undefined {
  const tag = (Object.keys(FIELD_LETTERS) as Bolt11Field["tag"][]).find((name) => FIELD_LETTERS[name] === letter);
  if (tag === undefined || words.length !== (FIXED_WORDS[tag] ?? words.length)) return undefined;
  switch (tag) {
    case "payment_hash":
    case "description_hash":
      return { tag, hash: wordsToHex(words) };
    case "payment_secret":
      return { tag, secret: wordsToHex(words) };
    case "description":
      return { tag, text: Buffer.from(wordsToBytes(words)).toString("utf8") };
    case "payee":
      return { tag, pubkey: wordsToHex(words) };
    case "metadata":
      return { tag, data: wordsToHex(words) };
    case "expiry":
      return { tag, seconds: wordsToNumber(words) };
    case "min_final_cltv_expiry":
      return { tag, blocks: wordsToNumber(words) };
    case "fallback":
      return { tag, version: words[0] ?? 0, program: wordsToHex(words.slice(1)) };
    case "route":
      return { tag, hops: parseHops(wordsToBytes(words)) };
    case "features":
      return { tag, bits: setBits(words) };
  }
}

function parseHops(bytes: Uint8Array): readonly Bolt11HopHint[] {
  return Array.from({ length: Math.floor(bytes.length / HOP_BYTES) }, (_, index) => {
    const hop = Buffer.from(bytes.subarray(index * HOP_BYTES, (index + 1) * HOP_BYTES));
    return {
      pubkey: hop.subarray(0, 33).toString("hex"),
      shortChannelId: hop.readBigUInt64BE(33),
      feeBaseMsat: hop.readUInt32BE(41),
      feeProportionalMillionths: hop.readUInt32BE(45),
      cltvExpiryDelta: hop.readUInt16BE(49),
    };
  });
}

function payeeOf(
  prefix: string,
  data: readonly number[],
  signatureWords: readonly number[],
  fields: readonly Bolt11Field[],
): string {
  const bytes = wordsToBytes(signatureWords);
  const [signature, recovery = 0] = [bytes.subarray(0, 64), bytes[64]];
  const hash = signedHash(prefix, data);
  const named = fields.find((field) => field.tag === "payee")?.pubkey;
  try {
    const options = { prehash: false, lowS: false } as const;
    if (named !== undefined && secp256k1.verify(signature, hash, hex.decode(named), options)) return named;
    if (named === undefined) {
      const recoverable = Buffer.concat([Buffer.of(recovery), signature]);
      return hex.encode(secp256k1.recoverPublicKey(recoverable, hash, { prehash: false }));
    }
  } catch (error) {
    throw new Bolt11FormatError(
      `unable to recover the payee: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  throw new Bolt11FormatError("invalid invoice signature");
}

function setBits(words: readonly number[]): readonly number[] {
  const count = words.length * 5;
  return Array.from({ length: count }, (_, bit) => bit).filter(
    (bit) => (((words[words.length - 1 - Math.floor(bit / 5)] ?? 0) >> (bit % 5)) & 1) === 1,
  );
}

function wordsToNumber(words: readonly number[]): number {
  return words.reduce((sum, word) => sum * 32 + word, 0);
}

function wordsToHex(words: readonly number[]): string {
  return hex.encode(wordsToBytes(words));
}

/** Like bech32's own conversion, but incomplete last bytes are dropped and never an error: invoices pad as they like. */
function wordsToBytes(words: readonly number[]): Uint8Array {
  const bytes: number[] = [];
  let [buffer, bits] = [0, 0];
  for (const word of words) {
    buffer = ((buffer << 5) | word) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes.push((buffer >> bits) & 0xff);
  }
  return Uint8Array.from(bytes);
}
