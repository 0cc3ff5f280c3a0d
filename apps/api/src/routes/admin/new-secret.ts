import { createHash } from "node:crypto";

import type { Random } from "@arkrelay/core/ports/random";

const SECRET_BYTES = 32;
const ID_BYTES = 9;

export interface NewSecret {
  /** Shown once: `ark_<id>_<secret>`. */
  readonly key: string;
  readonly prefix: string;
  readonly sha256: string;
}

export function newKeyId(random: Random): string {
  return `key_${Buffer.from(random.bytes(ID_BYTES)).toString("hex")}`;
}

/** 256 random bits need no slow hash: nobody guesses them from a stolen table. */
export function newSecret(random: Random, keyId: string): NewSecret {
  const prefix = `ark_${keyId.replace(/^key_/, "")}`;
  const key = `${prefix}_${Buffer.from(random.bytes(SECRET_BYTES)).toString("hex")}`;
  return { key, prefix, sha256: createHash("sha256").update(key).digest("hex") };
}
