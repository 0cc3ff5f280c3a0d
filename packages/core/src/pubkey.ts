import { bech32, hex } from "@scure/base";

import { AppError } from "./errors";
import { isValidXOnly } from "./schnorr";

/**
 * A public key as clients write it (`npub1…` of NIP-19, 64 lower-case hex x-only, or 66 hex compressed) as 64 hex.
 * A value that is no x coordinate of the curve is refused as well: nobody could ever spend from its script.
 * Throws `invalid_request` naming `path`.
 */
export function parsePubkey(value: string, path: string): string {
  const pubkey = readPubkey(value);
  if (pubkey !== undefined) return pubkey;
  throw new AppError("invalid_request", {
    errors: [
      { path, code: "pubkey", message: "Expected npub1…, 64 hex (x-only) or 66 hex (compressed), on the curve." },
    ],
  });
}

/** The same for schemas, which report by themselves: undefined when it is no key. */
export function readPubkey(value: string): string | undefined {
  const pubkey = readXOnly(value);
  return pubkey !== undefined && isValidXOnly(pubkey) ? pubkey : undefined;
}

function readXOnly(value: string): string | undefined {
  if (/^[0-9a-f]{64}$/.test(value)) return value;
  // Whether a compressed key is sent in capitals has no meaning; the parity byte is dropped because scripts are x-only.
  if (/^0[23][0-9a-f]{64}$/i.test(value)) return value.slice(2).toLowerCase();
  return value.startsWith("npub1") ? readNpub(value) : undefined;
}

function readNpub(value: string): string | undefined {
  const decoded = bech32.decodeUnsafe(value);
  if (decoded?.prefix !== "npub") return undefined;
  const bytes = bech32.fromWordsUnsafe(decoded.words);
  return bytes instanceof Uint8Array && bytes.length === 32 ? hex.encode(bytes) : undefined;
}
