import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { base64, hex } from "@scure/base";
import { nip19 } from "nostr-tools";

import type { NostrEvent } from "./nostr-event.js";
import type { Signer } from "./signer.js";

export interface EventVerdict {
  readonly ok: boolean;
  readonly idMatches: boolean;
  readonly signatureValid: boolean;
  readonly expectedId: string;
  readonly error?: string;
}

const utf8 = new TextEncoder();
const HEX64 = /^[0-9a-f]{64}$/;
const NIP98_KIND = 27235;

/** NIP-01 event id: SHA-256 of the serialised event. */
export function computeEventId(
  pubkey: string,
  created_at: number,
  kind: number,
  tags: readonly (readonly string[])[],
  content: string,
): string {
  return hex.encode(sha256(utf8.encode(JSON.stringify([0, pubkey, created_at, kind, tags, content]))));
}

/** Recomputes the id, compares it with the event's, and checks the BIP340 signature over it. Never throws. */
export function verifyEvent(event: NostrEvent): EventVerdict {
  try {
    const expectedId = computeEventId(event.pubkey, event.created_at, event.kind, event.tags, event.content);
    const idMatches = event.id === expectedId;
    const signatureValid =
      HEX64.test(event.pubkey) &&
      schnorr.verify(hex.decode(event.sig), hex.decode(expectedId), hex.decode(event.pubkey));
    return { ok: idMatches && signatureValid, idMatches, signatureValid, expectedId };
  } catch (error) {
    return { ok: false, idMatches: false, signatureValid: false, expectedId: "", error: String(error) };
  }
}

/** Signs an event with a raw key. `created_at` in unix seconds, now by default. */
export function signEvent(
  secretKey: Uint8Array,
  kind: number,
  content: string,
  tags: string[][],
  created_at = Math.floor(Date.now() / 1000),
): NostrEvent {
  const pubkey = hex.encode(schnorr.getPublicKey(secretKey));
  const id = computeEventId(pubkey, created_at, kind, tags, content);
  return { id, pubkey, created_at, kind, tags, content, sig: hex.encode(schnorr.sign(hex.decode(id), secretKey)) };
}

/** 64-hex key of an npub. Throws on anything else. */
export function npubToHex(npub: string): string {
  const decoded = nip19.decode(npub);
  if (decoded.type !== "npub") throw new TypeError(`not an npub: ${decoded.type}`);
  return decoded.data;
}

export function hexToNpub(pubkey: string): string {
  if (!HEX64.test(pubkey)) throw new TypeError("a public key is 64 lower-case hex characters");
  return nip19.npubEncode(pubkey);
}

/** x-only 64-hex form of a key given as hex, npub or 66-hex compressed. Throws when it is no point of the curve. */
export function toPubkeyHex(key: string): string {
  const text = key.startsWith("npub1") ? npubToHex(key) : key.toLowerCase();
  const xOnly = /^0[23][0-9a-f]{64}$/.test(text) ? text.slice(2) : text;
  if (!HEX64.test(xOnly)) throw new TypeError("a public key is 64 hex characters, an npub or a compressed key");
  schnorr.utils.lift_x(BigInt(`0x${xOnly}`));
  return xOnly;
}

/**
 * NIP-98 `Authorization` value for one request. `url` is the absolute URL with query; `body` the exact bytes sent.
 * The random `nonce` tag keeps two equal calls within one second apart, because an event id is accepted once.
 */
export async function nip98Header(
  signer: Pick<Signer, "signEvent">,
  method: string,
  url: string,
  body?: Uint8Array,
): Promise<string> {
  const tags = [
    ["u", url],
    ["method", method.toUpperCase()],
    ["nonce", hex.encode(crypto.getRandomValues(new Uint8Array(16)))],
  ];
  if (body !== undefined && body.length > 0) tags.push(["payload", hex.encode(sha256(body))]);
  const event = await signer.signEvent({
    kind: NIP98_KIND,
    content: "",
    tags,
    created_at: Math.floor(Date.now() / 1000),
  });
  return `Nostr ${base64.encode(utf8.encode(JSON.stringify(event)))}`;
}

/** Every value of a tag, in order. */
export function tagValues(event: Pick<NostrEvent, "tags">, name: string): string[] {
  return event.tags.flatMap(([key, value]) => (key === name && value !== undefined ? [value] : []));
}
