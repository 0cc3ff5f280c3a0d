import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { writeFileAtomically } from "./write-file-atomically";

const HEX_32 = /^[0-9a-f]{64}$/;

const IdentityFile = z.object({
  seed: z.string().min(1),
  signer_secret: z.string().regex(HEX_32),
  forfeit_secret: z.string().regex(HEX_32),
  // Folders from before devnet had an lnd lack it.
  lnd_secret: z.string().regex(HEX_32).optional(),
  starts: z.number().int().nonnegative(),
});

/** What makes this devnet itself: kept over restarts and resets. */
export interface DevnetIdentity {
  readonly seed: string;
  readonly signerSecret: Uint8Array;
  readonly forfeitSecret: Uint8Array;
  /** All keys of the Lightning network follow from it. */
  readonly lndSecret: Uint8Array;
  /** Counts process starts, so that ids drawn from the seed differ from those of the last run. */
  readonly starts: number;
}

/** Loads the identity of a state folder or makes one. An explicit seed replaces the remembered one; the keys stay. */
export function openIdentity(stateDir: string, explicitSeed: string | undefined): DevnetIdentity {
  const path = join(stateDir, "identity.json");
  const known = existsSync(path) ? IdentityFile.parse(JSON.parse(readFileSync(path, "utf8"))) : undefined;
  const seed = explicitSeed ?? known?.seed ?? randomBytes(16).toString("hex");
  const file = {
    seed,
    signer_secret: known?.signer_secret ?? secretOf(seed, "arkd/signer"),
    forfeit_secret: known?.forfeit_secret ?? secretOf(seed, "arkd/forfeit"),
    lnd_secret: known?.lnd_secret ?? secretOf(seed, "lnd"),
    starts: (known?.starts ?? 0) + 1,
  };
  writeFileAtomically(path, `${JSON.stringify(file, undefined, 2)}\n`, 0o600);
  return {
    seed,
    signerSecret: Buffer.from(file.signer_secret, "hex"),
    forfeitSecret: Buffer.from(file.forfeit_secret, "hex"),
    lndSecret: Buffer.from(file.lnd_secret, "hex"),
    starts: file.starts,
  };
}

/** Derived, so that a run with DEVNET_SEED has the same keys everywhere. They guard nothing: the seed is public. */
function secretOf(seed: string, purpose: string): string {
  return createHash("sha256").update(`devnet/${seed}/${purpose}`).digest("hex");
}
