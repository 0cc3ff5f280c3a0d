import { createHash } from "node:crypto";

import type { Random } from "@arkrelay/core/ports/random";

/** The same bytes for the same seed, so that a run can be repeated. */
export function seededRandom(seed: number): Random {
  let counter = 0;
  const bytes = (length: number): Uint8Array => {
    const blocks: Buffer[] = [];
    for (let have = 0; have < length; have += 32)
      blocks.push(createHash("sha256").update(`${seed}:${counter++}`).digest());
    return new Uint8Array(Buffer.concat(blocks).subarray(0, length));
  };
  return { bytes, uuid: () => uuidOf(Buffer.from(bytes(16))) };
}

/** Version 4, variant 10. */
function uuidOf(raw: Buffer): string {
  raw[6] = ((raw[6] ?? 0) & 0x0f) | 0x40;
  raw[8] = ((raw[8] ?? 0) & 0x3f) | 0x80;
  const text = raw.toString("hex");
  return [text.slice(0, 8), text.slice(8, 12), text.slice(12, 16), text.slice(16, 20), text.slice(20)].join("-");
}
