import { secp256k1 } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import { bech32, hex } from "@scure/base";

import { AppError } from "../errors";

export type Bolt11Network = "mainnet" | "testnet" | "signet" | "regtest";

/** A BOLT 11 invoice after checksum and signature were checked. Byte strings are hex. */
export interface Bolt11Invoice {
  /** Lower case, as it was decoded: a QR code carries it in upper case. */
  readonly bolt11: string;
  readonly network: Bolt11Network;
  /** undefined = the payer chooses. */
  readonly amountMsat: bigint | undefined;
  readonly paymentHash: string;
  /** Payment secret (`s`); undefined in invoices of old nodes and in those with blinded paths. */
  readonly paymentSecret: string | undefined;
  /** 66 hex: the node of field `n`, else the key recovered from the signature. */
  readonly payeePubkey: string;
  readonly description: string | undefined;
  readonly descriptionHash: string | undefined;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** Blocks of the last hop. */
  readonly minFinalCltv: number;
  /** Set feature bits, ascending. */
  readonly features: readonly number[];
}

/** Why a text is no invoice, as `details.reason` of `invoice_invalid` shows it. */
type Fault = "checksum" | "format" | "amount" | "signature" | "payment_hash";

/** Human-readable prefixes after `ln`, the longer ones first. */
const CURRENCIES: readonly (readonly [string, Bolt11Network])[] = [
  ["bcrt", "regtest"],
  ["tbs", "signet"],
  ["bc", "mainnet"],
  ["tb", "testnet"],
];
/** Longer than any invoice in use; a limit has to be somewhere. */
const LENGTH_MAX = 7_089;
const TIMESTAMP_WORDS = 7;
const SIGNATURE_WORDS = 104;
const HASH_WORDS = 52;
const PUBKEY_WORDS = 53;
/** BOLT 11: what holds when the invoice does not say. */
const DEFAULT_EXPIRY_SECONDS = 3_600;
const DEFAULT_MIN_FINAL_CLTV = 18;
/** Far above any time or height; the sums below stay exact. */
const NUMBER_MAX = 2 ** 40;

/**
 * Reads an invoice of any network: bech32 checksum, amount, every field the gateway judges by, and the signature with its payee.
 * Needs no node. Throws `invoice_invalid` with details.reason. Source: BOLT 11.
 */
export function decodeBolt11(text: string): Bolt11Invoice {
  const bolt11 = text.toLowerCase();
  const { prefix, words } = decodeBech32(text);
  const { network, amountMsat } = parsePrefix(prefix);
  const data = words.slice(0, -SIGNATURE_WORDS);
  if (words.length < TIMESTAMP_WORDS + SIGNATURE_WORDS) throw invalid("format");
  const fields = parseFields(data.slice(TIMESTAMP_WORDS));
  const paymentHash = fixed(fields.get("p"), HASH_WORDS);
  if (paymentHash === undefined) throw invalid("payment_hash");
  const createdAtSeconds = toNumber(data.slice(0, TIMESTAMP_WORDS));
  const expirySeconds = toNumber(fields.get("x")?.[0], DEFAULT_EXPIRY_SECONDS);
  const description = fields.get("d")?.[0];
  return {
    bolt11,
    network,
    amountMsat,
    paymentHash,
    paymentSecret: fixed(fields.get("s"), HASH_WORDS),
    payeePubkey: payeeOf(prefix, data, words.slice(-SIGNATURE_WORDS), fixed(fields.get("n"), PUBKEY_WORDS)),
    description: description && new TextDecoder().decode(toBytes(description)),
    descriptionHash: fixed(fields.get("h"), HASH_WORDS),
    createdAt: new Date(createdAtSeconds * 1000),
    expiresAt: new Date((createdAtSeconds + expirySeconds) * 1000),
    minFinalCltv: toNumber(fields.get("c")?.[0], DEFAULT_MIN_FINAL_CLTV),
    features: setBits(fields.get("9")?.[0] ?? []),
  };
}

function decodeBech32(text: string): { readonly prefix: string; readonly words: readonly number[] } {
  try {
    // Mixed case is refused by the decoder, as BIP 173 demands.
    return bech32.decode(text as `${string}1${string}`, LENGTH_MAX);
  } catch (cause) {
    throw invalid("checksum", cause);
  }
}

const PREFIX = /^ln([a-z]+?)(?:([1-9][0-9]{0,17})([munp])?)?$/;
/** The finest unit `p` is a tenth of a millisatoshi, so its amounts end in 0. */
const MSAT_PER_UNIT: Readonly<Record<string, bigint>> = { m: 100_000_000n, u: 100_000n, n: 100n };
const MSAT_PER_BTC = 100_000_000_000n;
/** All bitcoin there will be. */
const MSAT_MAX = 21_000_000n * MSAT_PER_BTC;

function parsePrefix(prefix: string): { readonly network: Bolt11Network; readonly amountMsat: bigint | undefined } {
  const [, currency, digits, unit = ""] = PREFIX.exec(prefix) ?? [];
  const network = CURRENCIES.find(([name]) => name === currency)?.[1];
  if (network === undefined) throw invalid("format");
  if (digits === undefined) return { network, amountMsat: undefined };
  if (unit === "p" && !digits.endsWith("0")) throw invalid("amount");
  const amountMsat = unit === "p" ? BigInt(digits) / 10n : BigInt(digits) * (MSAT_PER_UNIT[unit] ?? MSAT_PER_BTC);
  if (amountMsat > MSAT_MAX) throw invalid("amount");
  return { network, amountMsat };
}

type Fields = ReadonlyMap<string, readonly (readonly number[])[]>;

const ALPHABET = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/** All values of each field, in their order: of several usable ones the first counts. */
function parseFields(words: readonly number[]): Fields {
  const fields = new Map<string, (readonly number[])[]>();
  for (let at = 0; at < words.length;) {
    const [letter = 0, high = 0, low = 0] = words.slice(at, at + 3);
    const length = high * 32 + low;
    const value = words.slice(at + 3, at + 3 + length);
    if (at + 3 > words.length || value.length !== length) throw invalid("format");
    const tag = ALPHABET[letter] ?? "";
    fields.set(tag, [...(fields.get(tag) ?? []), value]);
    at += 3 + length;
  }
  return fields;
}

/** The first value of the length that it must have; others are to be skipped (BOLT 11). */
function fixed(values: readonly (readonly number[])[] | undefined, wordCount: number): string | undefined {
  const value = values?.find((words) => words.length === wordCount);
  return value && hex.encode(toBytes(value));
}

/** A named payee must have signed; without one the key that did is the payee. */
function payeeOf(
  prefix: string,
  data: readonly number[],
  signatureWords: readonly number[],
  named: string | undefined,
): string {
  const bytes = toBytes(signatureWords);
  const signature = bytes.subarray(0, 64);
  const hash = sha256(concatBytes(utf8ToBytes(prefix), toPaddedBytes(data)));
  try {
    if (named === undefined) {
      const recoverable = concatBytes(bytes.subarray(64, 65), signature);
      return hex.encode(secp256k1.recoverPublicKey(recoverable, hash, { prehash: false }));
    }
    // BOLT 11 does not ask for low S.
    if (secp256k1.verify(signature, hash, hex.decode(named), { prehash: false, lowS: false })) return named;
  } catch (cause) {
    throw invalid("signature", cause);
  }
  throw invalid("signature");
}

function setBits(words: readonly number[]): readonly number[] {
  const bits: number[] = [];
  for (let bit = 0; bit < words.length * 5; bit++) {
    const word = words[words.length - 1 - Math.floor(bit / 5)] ?? 0;
    if (((word >> (bit % 5)) & 1) === 1) bits.push(bit);
  }
  return bits;
}

function toNumber(words: readonly number[] | undefined, orElse = 0): number {
  if (words === undefined) return orElse;
  const value = words.reduce((sum, word) => sum * 32 + word, 0);
  if (value > NUMBER_MAX) throw invalid("format");
  return value;
}

/** Bits that do not fill a last byte are dropped and never an error: invoices pad as they like. */
function toBytes(words: readonly number[]): Uint8Array {
  return packed(words, Math.floor((words.length * 5) / 8));
}

/** As the signature covers them: the last byte filled up with zero bits. */
function toPaddedBytes(words: readonly number[]): Uint8Array {
  return packed(words, Math.ceil((words.length * 5) / 8));
}

function packed(words: readonly number[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (const [index, word] of words.entries()) {
    const bit = index * 5;
    const at = bit >> 3;
    const shifted = word << (11 - (bit & 7));
    bytes[at] = (bytes[at] ?? 0) | (shifted >> 8);
    if (at + 1 < length) bytes[at + 1] = shifted & 0xff;
  }
  return bytes;
}

function invalid(reason: Fault, cause?: unknown): AppError {
  return new AppError("invoice_invalid", { details: { reason }, ...(cause === undefined ? {} : { cause }) });
}
