import { z } from "zod";

import { bip340Signature } from "./bip340-signature";
import { jsonObject, opaqueId, timestamp, txid, wholeNumber } from "./fields";
import { CeremonyState, SESSION_TYPES, SessionStatus } from "./sessions";

export const StartCeremonyBody = z.object({ session_id: opaqueId }).meta({ id: "StartCeremony" });

export const StartCeremonyReply = z
  .object({
    message: z.string(),
    ceremony: z.object({
      step: z.int(),
      step_name: z.string(),
      status: z.string(),
      session_type: z.enum(SESSION_TYPES),
      intent_validated: z.boolean(),
    }),
  })
  .meta({ id: "StartedCeremony" });

export const CeremonyStatus = z.object({
  session_id: opaqueId,
  session_status: SessionStatus,
  status: CeremonyState,
  state: CeremonyState,
  ceremony_status: z.enum(["not_started", "in_progress", "completed", "failed"]),
  current_step: z.int(),
  current_step_name: z.string(),
  stage: z.enum(["ark_tx", "checkpoint_txs"]).nullable(),
  completed_steps: z.array(z.string()),
  progress: z.number().min(0).max(1),
  transactions: z.object({ ark_txid: txid.optional(), checkpoint_txids: z.array(txid) }),
  signatures_collected: z.record(z.string(), z.object({ have: z.int(), need: z.int() })),
  open_challenge_id: opaqueId.optional(),
  txid: txid.optional(),
  error: z.string().optional(),
  error_code: z.string().optional(),
  details: jsonObject,
  intent_data: jsonObject,
  start_time: timestamp.nullable(),
  last_updated: timestamp,
  time_elapsed: z.number(),
  time_remaining: z.number().nullable(),
});

export const CeremonyStatusReply = CeremonyStatus.meta({ id: "CeremonyStatus" });

export const CeremonyStepParams = z.object({ session_id: opaqueId, step: wholeNumber(1, 6) });

export const CeremonyStepBody = z
  .object({
    signature_data: z
      .object({
        user_signature: bip340Signature.optional(),
        signatures: z
          .array(z.object({ txid, input: z.int().min(0), sig: bip340Signature }))
          .min(1)
          .max(64)
          .optional(),
      })
      .refine((data) => (data.user_signature === undefined) !== (data.signatures === undefined), {
        path: ["signatures"],
        message: "exactly one of user_signature and signatures is needed",
      })
      .optional()
      .meta({ description: "Signatures of the session's user, for step 4." }),
  })
  .meta({ id: "CeremonyStep" });

export const CeremonyStepReply = z
  .object({ step: z.int(), step_name: z.string(), result: jsonObject })
  .meta({ id: "RanCeremonyStep" });

export const CancelCeremonyBody = z
  .object({ reason: z.string().max(500).default("User cancelled") })
  .meta({ id: "CancelCeremony" });

export const CancelCeremonyReply = z
  .object({ success: z.literal(true), session_id: opaqueId, reason: z.string() })
  .meta({ id: "CancelledCeremony" });
