import { z } from "zod";

/** A BIP340 signature: 64 bytes as 128 hex. A malformed one is `invalid_request` and never counts as a wrong answer. */
export const bip340Signature = z
  .string()
  .regex(/^(0x)?[0-9a-f]{128}$/, "must be 128 lower-case hex (a 64-byte BIP340 signature)")
  .transform((value) => value.replace(/^0x/, ""))
  .meta({ description: "64-byte BIP340 signature, 128 hex." });
