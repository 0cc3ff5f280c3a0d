import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

import { decode } from "nostr-tools/nip19";

import { isValidXOnly, toXOnlyPubkey } from "@arkrelay/core/schnorr";

/** Where the key comes from; the names are those of the environment. Exactly one of the first two. */
export interface GatewayKeySource {
  /** NOSTR_PRIVATE_KEY: 64 hex or nsec. */
  readonly privateKey: string | undefined;
  /** GATEWAY_NOSTR_PRIVATE_KEY: what `sealGatewayKey` made, base64. */
  readonly sealedKey: string | undefined;
  /** GATEWAY_ENCRYPTION_KEY, decoded: 32 bytes. */
  readonly encryptionKey: Uint8Array | undefined;
}

/** Missing or unusable key material. The message names the variable and never holds a part of its value. */
export class GatewayKeyError extends Error {
  /** sysexits.h EX_CONFIG, as for any other bad configuration: starting again would not help. */
  readonly exitCode = 78;

  constructor(message: string) {
    super(message);
    this.name = "GatewayKeyError";
  }
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Binds the sealed text to its purpose: a text sealed for something else under the same key does not open here. */
const PURPOSE = Buffer.from("arkrelay/gateway-nostr-key");

/** The gateway's secret key (32 bytes). Never makes one up: another identity would be a stranger to every wallet. */
export function readGatewayKey(source: GatewayKeySource): Uint8Array {
  if (source.privateKey !== undefined && source.sealedKey !== undefined) {
    throw new GatewayKeyError("Set NOSTR_PRIVATE_KEY or GATEWAY_NOSTR_PRIVATE_KEY, not both");
  }
  if (source.privateKey !== undefined) return parseSecretKey(source.privateKey, "NOSTR_PRIVATE_KEY");
  if (source.sealedKey === undefined) {
    throw new GatewayKeyError("Set NOSTR_PRIVATE_KEY, or GATEWAY_NOSTR_PRIVATE_KEY with GATEWAY_ENCRYPTION_KEY");
  }
  return openSealedKey(source.sealedKey, requireEncryptionKey(source.encryptionKey), "GATEWAY_NOSTR_PRIVATE_KEY");
}

/** Reads 64 hex or an nsec. `name` is the variable the refusal names. */
export function parseSecretKey(text: string, name: string): Uint8Array {
  const secretKey = readSecretKey(text);
  if (secretKey === undefined || !isUsable(secretKey)) {
    throw new GatewayKeyError(`${name} is neither 64 hex digits nor an nsec of a usable key`);
  }
  return secretKey;
}

/** A key of NOSTR_PREVIOUS_KEYS: hex, nsec, or sealed as GATEWAY_NOSTR_PRIVATE_KEY was while it was the current one. */
export function readPreviousKey(text: string, encryptionKey: Uint8Array | undefined): Uint8Array {
  const name = "NOSTR_PREVIOUS_KEYS";
  const isSealed = encryptionKey !== undefined && readSecretKey(text) === undefined;
  return isSealed ? openSealedKey(text, requireEncryptionKey(encryptionKey), name) : parseSecretKey(text, name);
}

/** AES-256-GCM: base64 of nonce, cipher text and tag. For operators who keep the key sealed. */
export function sealGatewayKey(secretKey: Uint8Array, encryptionKey: Uint8Array): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", encryptionKey, nonce).setAAD(PURPOSE);
  const sealed = Buffer.concat([cipher.update(secretKey), cipher.final()]);
  return Buffer.concat([nonce, sealed, cipher.getAuthTag()]).toString("base64");
}

function openSealedKey(sealedKey: string, encryptionKey: Uint8Array, name: string): Uint8Array {
  const bytes = Buffer.from(sealedKey, "base64");
  const nonce = bytes.subarray(0, NONCE_BYTES);
  const tag = bytes.subarray(-TAG_BYTES);
  try {
    const decipher = createDecipheriv("aes-256-gcm", encryptionKey, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(PURPOSE).setAuthTag(tag);
    const opened = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    if (opened.length === 32 && isUsable(opened)) return new Uint8Array(opened);
  } catch {
    // The refusal below covers it; the reason would only help whoever tries keys.
  }
  throw new GatewayKeyError(`${name} does not open under GATEWAY_ENCRYPTION_KEY`);
}

function requireEncryptionKey(key: Uint8Array | undefined): Uint8Array {
  if (key?.length !== 32) throw new GatewayKeyError("GATEWAY_ENCRYPTION_KEY is not 32 bytes of hex or base64");
  return key;
}

function readSecretKey(text: string): Uint8Array | undefined {
  if (/^[0-9a-fA-F]{64}$/.test(text)) return new Uint8Array(Buffer.from(text, "hex"));
  try {
    const decoded = decode(text);
    return decoded.type === "nsec" ? decoded.data : undefined;
  } catch {
    return undefined;
  }
}

/** Zero and values above the group order are no keys. */
function isUsable(secretKey: Uint8Array): boolean {
  try {
    return isValidXOnly(toXOnlyPubkey(secretKey));
  } catch {
    return false;
  }
}
