import { createHash } from "node:crypto";

import { fromHex } from "./wire-bytes";

/** SHA-256 of a preimage (BOLT 4), both 64 hex. */
export function toPaymentHash(preimage: string): string {
  return createHash("sha256").update(fromHex(preimage)).digest("hex");
}
