import { schnorr } from "@noble/curves/secp256k1.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { hex } from "@scure/base";
import { z } from "zod";

import { utf8 } from "../../arkd/engine/bytes";

/**
 * NOT a Taproot Assets proof. A real proof commits to blocks and Merkle trees, which devnet does not have; this is an opaque,
 * signed description of one piece, so that clients can carry, store, verify and damage it as they would a real one. The signature
 * is by a key derived from devnet's public seed: it detects tampering, it proves nothing.
 */
const SINGLE_MAGIC = Buffer.from("DEVNET-NOT-A-TAP-PROOF/1\n");
const FILE_MAGIC = Buffer.from("DEVNET-NOT-A-TAP-PROOF-FILE/1\n");

const Hex32 = z.string().regex(/^[0-9a-f]{64}$/);
const Hex33 = z.string().regex(/^[0-9a-f]{66}$/);
const GroupKey = z.union([Hex33, z.literal("")]);
const Units = z.string().regex(/^\d{1,20}$/);

const ProofBody = z.strictObject({
  asset_id: Hex32,
  genesis_point: z.string(),
  output_index: z.int(),
  name: z.string(),
  meta_hash: Hex32,
  meta_data: z.string(),
  meta_type: z.int(),
  asset_type: z.enum(["normal", "collectible"]),
  asset_version: z.int(),
  decimal_display: z.int(),
  group_key: GroupKey,
  raw_group_key: GroupKey,
  minted_units: Units,
  amount: Units,
  script_key: Hex33,
  script_key_type: z.enum(["bip86", "external", "burn", "tombstone", "channel"]),
  outpoint: z.string(),
  anchor_sats: Units,
  internal_key: Hex33,
  height: z.int(),
  confirmed_at: z.int(),
  /** SHA-256 of the proof before it; "" at the genesis. */
  previous: z.string(),
  additional_inputs: z.int(),
});
export type ProofBody = z.output<typeof ProofBody>;

const SignedProof = z.strictObject({ body: ProofBody, signature: z.string() });

export class ProofKeys {
  readonly #secret: Uint8Array;
  readonly #pubkey: Uint8Array;

  constructor(seed: string) {
    this.#secret = sha256(utf8(`devnet/${seed}/tapd/proofs`));
    this.#pubkey = schnorr.getPublicKey(this.#secret);
  }

  seal(body: ProofBody): Buffer {
    // Without fresh randomness on purpose: the same piece has the same proof at every export.
    const signature = schnorr.sign(digestOf(body), this.#secret, new Uint8Array(32));
    return Buffer.concat([SINGLE_MAGIC, Buffer.from(JSON.stringify({ body, signature: hex.encode(signature) }))]);
  }

  isGenuine(proof: SealedProof): boolean {
    try {
      return schnorr.verify(hex.decode(proof.signature), digestOf(proof.body), this.#pubkey);
    } catch {
      // A signature of the wrong length or with foreign characters: tampering as well.
      return false;
    }
  }
}

export interface SealedProof {
  readonly body: ProofBody;
  readonly signature: string;
  readonly raw: Buffer;
}

export function isSingleProof(bytes: Buffer): boolean {
  return bytes.subarray(0, SINGLE_MAGIC.length).equals(SINGLE_MAGIC);
}

export function isProofFile(bytes: Buffer): boolean {
  return bytes.subarray(0, FILE_MAGIC.length).equals(FILE_MAGIC);
}

/** Throws an Error whose text says what is wrong; a wrong signature is not, see ProofKeys. */
export function parseProof(raw: Buffer): SealedProof {
  if (!isSingleProof(raw)) throw new Error("invalid prefix magic bytes");
  const text = raw.subarray(SINGLE_MAGIC.length).toString("utf8");
  const parsed = SignedProof.safeParse(parseJson(text));
  if (!parsed.success) throw new Error("proof: malformed");
  return { ...parsed.data, raw };
}

/** Oldest proof first, each with its length before it. */
export function packProofFile(proofs: readonly Buffer[]): Buffer {
  const parts = proofs.flatMap((proof) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(proof.length);
    return [length, proof];
  });
  return Buffer.concat([FILE_MAGIC, ...parts]);
}

/** The raw proofs of a file, oldest first. Throws an Error on a file that is cut or empty. */
export function unpackProofFile(file: Buffer): readonly Buffer[] {
  if (!isProofFile(file)) throw new Error("invalid prefix magic bytes");
  const proofs: Buffer[] = [];
  for (let offset = FILE_MAGIC.length; offset < file.length;) {
    if (offset + 4 > file.length) throw new Error("unexpected EOF");
    const end = offset + 4 + file.readUInt32BE(offset);
    if (end > file.length) throw new Error("unexpected EOF");
    proofs.push(file.subarray(offset + 4, end));
    offset = end;
  }
  if (proofs.length === 0) throw new Error("empty proof file");
  return proofs;
}

export function proofHash(raw: Buffer): string {
  return hex.encode(sha256(raw));
}

function digestOf(body: ProofBody): Uint8Array {
  // Key by key in the schema's order, so that a parsed and re-ordered body has the same digest.
  const ordered = Object.keys(ProofBody.shape).map((name) => body[name as keyof ProofBody]);
  return sha256(utf8(JSON.stringify(ordered)));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error("proof: malformed");
  }
}
