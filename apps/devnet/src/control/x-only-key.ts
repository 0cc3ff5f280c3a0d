import { isXOnlyPoint } from "tiny-secp256k1";
import { z } from "zod";

/** A Nostr public key. Half of all 32-byte strings are no point of the curve, and no script can be made for them. */
export const XOnlyKey = z
  .string()
  .regex(/^[0-9a-f]{64}$/, "must be an x-only key: 64 lower-case hex characters")
  .refine((pubkey) => isXOnlyPoint(Buffer.from(pubkey, "hex")), "is not a point of the curve");
