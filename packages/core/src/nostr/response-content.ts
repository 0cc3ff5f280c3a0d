import { z } from "zod";

import type { ItemSignature } from "../ark/types";
import { AppError } from "../errors";
import { fieldErrors } from "../field-errors";
import { gatewayId, hex32, pubkey } from "./field-schemas";
import { parseIntegerJson } from "./integer-json";

/** Plain text of a 31512 after parsing: an answer to one challenge. Whether it is right is for the use case to say. */
export interface ResponseContent {
  readonly sessionId: string;
  /** Undefined when the sender left it out: the challenge says it. */
  readonly type: "sign_tx" | "sign_payload" | "sign_intent_proof" | undefined;
  readonly payloadRef: string;
  readonly challengeId: string | undefined;
  /** Must equal the author when it was sent. */
  readonly pubkey: string | undefined;
  /** One bare signature: for a challenge with a single item, or a sign_payload. */
  readonly signature: string | undefined;
  readonly signatures: readonly ItemSignature[] | undefined;
  readonly checkpointSignatures: readonly ItemSignature[] | undefined;
}

/** 64 bytes; `0x` and upper case are tolerated, older clients send them. */
const signature = z
  .string()
  .regex(/^(0x)?[0-9a-fA-F]{128}$/, "128 hex digits")
  .transform((text) => text.replace(/^0x/, "").toLowerCase());

/** Above the input cap of a session, twice: ark and checkpoint items. */
const SIGNATURES_MAX = 64;

export const itemSignatures = z
  .array(z.strictObject({ txid: hex32, input: z.int().min(0), sig: signature }))
  .min(1)
  .max(SIGNATURES_MAX);

/** Older type names carry the stage in them. */
const responseType = z
  .enum(["sign_tx", "sign_payload", "sign_intent_proof", "sign_ark_tx", "sign_checkpoint_txs"])
  .transform((type) => (type === "sign_payload" || type === "sign_intent_proof" ? type : "sign_tx"));

const responseSchema = z
  .strictObject({
    session_id: gatewayId,
    type: responseType.optional(),
    payload_ref: z.string().regex(/^sha256:[0-9a-f]{64}$/, "sha256: and 64 lower-case hex digits"),
    algo: z.literal("BIP340", "Only BIP340 is accepted"),
    signature: signature.optional(),
    signatures: itemSignatures.optional(),
    checkpoint_signatures: itemSignatures.optional(),
    challenge_id: gatewayId.optional(),
    pubkey: pubkey.optional(),
  })
  .refine((content) => (content.signature === undefined) !== (content.signatures === undefined), {
    path: ["signatures"],
    message: "Exactly one of signature and signatures",
  });

/** Parses the plain text of a 31512. Throws `invalid_json` or `invalid_request` with `errors[]` naming the fields. */
export function parseResponseContent(plainText: string): ResponseContent {
  const parsed = responseSchema.safeParse(parseIntegerJson(plainText));
  if (!parsed.success) throw new AppError("invalid_request", { errors: fieldErrors(parsed.error) });
  const wire = parsed.data;
  return {
    sessionId: wire.session_id,
    type: wire.type,
    payloadRef: wire.payload_ref,
    challengeId: wire.challenge_id,
    pubkey: wire.pubkey,
    signature: wire.signature,
    signatures: wire.signatures,
    checkpointSignatures: wire.checkpoint_signatures,
  };
}
