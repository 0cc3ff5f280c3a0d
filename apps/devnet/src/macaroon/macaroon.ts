import { createHmac, timingSafeEqual } from "node:crypto";

/** A macaroon with first-party caveats, as lnd and tapd use them. */
export interface Macaroon {
  readonly location: string;
  readonly id: Uint8Array;
  readonly caveats: readonly Uint8Array[];
  /** 32 bytes. */
  readonly signature: Uint8Array;
}

/** Root keys of any length become HMAC keys through this constant (libmacaroons). */
const KEY_GENERATOR = Buffer.concat([Buffer.from("macaroons-key-generator")], 32);

export function mintMacaroon(rootKey: Uint8Array, location: string, id: Uint8Array): Macaroon {
  return { location, id, caveats: [], signature: sign(rootKey, id, []) };
}

/** Anyone who holds a macaroon can narrow it. */
export function addCaveat(macaroon: Macaroon, caveat: Uint8Array): Macaroon {
  return {
    ...macaroon,
    caveats: [...macaroon.caveats, caveat],
    signature: hmac(macaroon.signature, caveat),
  };
}

export function isSignedBy(macaroon: Macaroon, rootKey: Uint8Array): boolean {
  const expected = sign(rootKey, macaroon.id, macaroon.caveats);
  return expected.length === macaroon.signature.length && timingSafeEqual(expected, macaroon.signature);
}

function sign(rootKey: Uint8Array, id: Uint8Array, caveats: readonly Uint8Array[]): Uint8Array {
  return caveats.reduce<Uint8Array>(hmac, hmac(hmac(KEY_GENERATOR, rootKey), id));
}

function hmac(key: Uint8Array, message: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(message).digest();
}
