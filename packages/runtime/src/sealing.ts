import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";

/** Where a sealed value lives. It is authenticated, so a value moved to another row or column does not open. */
export interface SealContext {
  readonly table: string;
  readonly column: string;
  /** What identifies the row and never changes: its natural key, not an id given by the database at insert. */
  readonly row: string;
}

export interface Sealer {
  /** ASCII text `v1.<key id>.<base64url of nonce, cipher text, tag>`. */
  seal(plain: string | Uint8Array, context: SealContext): string;
  /** Throws SealError when the text was changed, moved, or sealed under a key that is not known any more. */
  open(sealed: string, context: SealContext): Buffer;
}

class SealError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SealError";
  }
}

const VERSION = "v1";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/**
 * AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D; good for 2^32 values per key). New values are sealed under `key`,
 * those sealed under `previousKeys` still open, so a key is rotated by re-sealing at leisure.
 */
export function createSealer(keys: {
  readonly key: Uint8Array;
  readonly previousKeys?: readonly Uint8Array[];
}): Sealer {
  const all = [keys.key, ...(keys.previousKeys ?? [])];
  if (all.some((key) => key.length !== 32)) throw new SealError("a sealing key must have 32 bytes");
  const keysById = new Map(all.map((key) => [keyIdOf(key), key]));
  const currentId = keyIdOf(keys.key);
  return {
    seal(plain, context) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", keys.key, nonce);
      cipher.setAAD(associatedData(context));
      const body = Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
      return `${VERSION}.${currentId}.${body.toString("base64url")}`;
    },
    open(sealed, context) {
      const [version, keyId, body] = sealed.split(".");
      if (version !== VERSION || keyId === undefined || body === undefined) throw new SealError("not a sealed value");
      const key = keysById.get(keyId);
      if (key === undefined) throw new SealError(`sealed under the unknown key ${keyId}`);
      return openBody(Buffer.from(body, "base64url"), key, associatedData(context));
    },
  };
}

function openBody(body: Buffer, key: Uint8Array, data: Buffer): Buffer {
  if (body.length < NONCE_BYTES + TAG_BYTES) throw new SealError("the sealed value is cut short");
  const decipher = createDecipheriv("aes-256-gcm", key, body.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(data);
  decipher.setAuthTag(body.subarray(body.length - TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(body.subarray(NONCE_BYTES, body.length - TAG_BYTES)), decipher.final()]);
  } catch {
    throw new SealError("the sealed value was changed or moved");
  }
}

/** Lengths first, so that no two contexts have the same bytes. */
function associatedData({ table, column, row }: SealContext): Buffer {
  return Buffer.from([table, column, row].map((part) => `${Buffer.byteLength(part)}:${part}`).join("|"));
}

/** Tells keys apart without giving anything of them away. */
function keyIdOf(key: Uint8Array): string {
  return createHash("sha256").update("arkrelay/sealing-key/v1").update(key).digest("hex").slice(0, 8);
}
