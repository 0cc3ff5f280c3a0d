import { z } from "zod";

import { bip340Signature } from "./bip340-signature";
import { cursor, jsonObject, limit, opaqueId, page, pubkey, pubkeyOut, shortId, timestamp, txid } from "./fields";

export const SESSION_TYPES = [
  "p2p_transfer",
  "lightning_lift",
  "lightning_land",
  "vtxo_split",
  "vtxo_multi_transfer",
  "optimal_change",
  "atomic_swap",
  "protocol_op",
] as const;

/** Names of earlier releases; they mean the type on the right. */
const OLDER_NAMES: Readonly<Record<string, string>> = {
  multi_vtxo_transfer: "vtxo_multi_transfer",
  amm_swap: "protocol_op",
};

export const SessionType = z.preprocess(
  (value) => (typeof value === "string" && Object.hasOwn(OLDER_NAMES, value) ? OLDER_NAMES[value] : value),
  z.enum(SESSION_TYPES),
);

export const SessionStatus = z.enum([
  "initiated",
  "challenge_sent",
  "awaiting_signature",
  "signing",
  "completed",
  "failed",
  "expired",
]);

export const CeremonyState = z.enum([
  "intent_received",
  "ark_tx_prepared",
  "ark_sigs_collected",
  "submitting",
  "accepted",
  "checkpoint_sigs_collected",
  "finalizing",
  "finalized",
  "published",
  "failed",
  "expired_before_submit",
]);

/** NIP-01. Checked for shape here; its id and signature are checked where it is used. */
export const SignedEvent = z
  .object({
    id: z.string().regex(/^[0-9a-f]{64}$/),
    pubkey: z.string().regex(/^[0-9a-f]{64}$/),
    created_at: z.int().min(0),
    kind: z.int().min(0).max(65_535),
    tags: z.array(z.array(z.string().max(4096)).max(64)).max(256),
    content: z.string().max(131_072),
    sig: z.string().regex(/^[0-9a-f]{128}$/),
  })
  .meta({ id: "SignedEvent" });

export const OpenSessionBody = z
  .object({
    user_pubkey: pubkey,
    session_type: SessionType,
    intent_data: jsonObject.default({}).meta({
      description:
        "Content of a 31510 (`{action_id, type?, params{}, expires_at?}`), or its params alone. Of an atomic_swap the batch: `{batch_id, intents, allocations?, expires_at}`.",
    }),
    intent_event: SignedEvent.optional().meta({ description: "The signed 31510: makes the session owner-proven." }),
    delivery: z.enum(["nostr", "http", "both"]).default("both"),
    auto_start: z.boolean().default(false),
  })
  .meta({ id: "OpenSession" });

export const OpenSessionReply = z
  .object({
    message: z.string(),
    session_id: opaqueId,
    user_pubkey: pubkeyOut,
    session_type: z.enum(SESSION_TYPES),
    status: SessionStatus,
    intent_data: jsonObject.meta({ description: "Normalised, with the fee filled in." }),
    expires_at: timestamp,
    created_at: timestamp,
    batch_id: z.string().optional(),
    members: z
      .array(z.object({ action_id: z.string(), session_id: opaqueId }))
      .optional()
      .meta({ description: "Of a batch (atomic_swap): the session of every signed intent, in their order." }),
    txid: txid.optional().meta({ description: "Of a batch whose transaction is planned already." }),
  })
  .meta({ id: "OpenedSession" });

export const SessionParams = z.object({ session_id: opaqueId });

export const SessionReply = z
  .object({
    session_id: opaqueId,
    user_pubkey: pubkeyOut,
    session_type: z.enum(SESSION_TYPES),
    status: SessionStatus,
    ceremony_state: CeremonyState,
    current_step: z.int(),
    intent_data: jsonObject,
    context: jsonObject,
    batch_id: z.string().optional(),
    open_challenge_id: opaqueId.optional(),
    expires_at: timestamp,
    created_at: timestamp,
    updated_at: timestamp,
    result_data: jsonObject.optional(),
    signed_tx: z.string().optional().meta({ description: "Owner and admin only." }),
    error_code: z.string().optional(),
    error_message: z.string().optional(),
  })
  .meta({ id: "Session" });

export const SessionListQuery = z.object({
  user_pubkey: pubkey.optional(),
  status: SessionStatus.optional(),
  session_type: SessionType.optional(),
  limit: limit(),
  cursor,
});

const SessionListItem = z.object({
  session_id: opaqueId,
  user_pubkey: shortId,
  session_type: z.enum(SESSION_TYPES),
  status: SessionStatus,
  context: jsonObject,
  created_at: timestamp,
  expires_at: timestamp,
  updated_at: timestamp,
  has_result: z.boolean(),
  has_error: z.boolean(),
});

export const SessionListReply = z
  .object({
    sessions: z.array(SessionListItem),
    filters: z.object({ user_pubkey: pubkeyOut.nullable(), status: SessionStatus.nullable() }),
    ...page,
  })
  .meta({ id: "SessionList" });

export const SessionStatsReply = z
  .object({
    stats: z.object({
      status_counts: z.record(z.string(), z.int()),
      type_counts: z.record(z.string(), z.int()),
      total_sessions: z.int(),
      recent_sessions: z.array(
        z.object({
          session_id: shortId,
          status: SessionStatus,
          session_type: z.enum(SESSION_TYPES),
          created_at: timestamp,
        }),
      ),
    }),
  })
  .meta({ id: "SessionStats" });

export const SessionCleanupReply = z
  .object({ message: z.string(), expired_sessions_cleaned: z.int(), expired_challenges_cleaned: z.int() })
  .meta({ id: "SessionCleanup" });

export const IssueChallengeBody = z
  .object({
    challenge_data: z
      .object({
        type: z.enum(["sign_tx", "sign_payload", "sign_intent_proof"]).optional(),
        payload_to_sign: z.string().max(65_535).optional(),
        payload_ref: z.string().max(128).optional(),
      })
      .optional()
      .meta({ description: "The gateway computes the payload; one that differs from it is `payload_mismatch`." }),
    context: jsonObject.optional(),
  })
  .meta({ id: "IssueChallenge" });

/** Content of a 31511; its exact fields are the Nostr contract's and depend on the challenge's type. */
const ChallengeContent = jsonObject.meta({ description: "The whole content of the 31511." });

export const IssueChallengeReply = z
  .object({
    message: z.string(),
    challenge_id: opaqueId,
    session_id: opaqueId,
    context: z.string(),
    expires_at: timestamp,
    challenge: ChallengeContent,
  })
  .meta({ id: "IssuedChallenge" });

/** The mirror was not fresh in time: the challenge opens by itself once the sync is done. */
export const PendingChallengeReply = z
  .object({ message: z.string(), session_id: opaqueId, job_id: opaqueId.optional(), txid: z.null() })
  .meta({ id: "PendingChallenge" });

const ItemSignature = z.object({ txid, input: z.int().min(0), sig: bip340Signature });

export const RespondBody = z
  .object({
    signature: bip340Signature.optional(),
    signatures: z.array(ItemSignature).min(1).max(64).optional(),
    checkpoint_signatures: z.array(ItemSignature).max(64).optional(),
    challenge_id: opaqueId.optional(),
    payload_ref: z.string().max(128).optional(),
    user_pubkey: pubkey.optional(),
  })
  .refine((body) => (body.signature === undefined) !== (body.signatures === undefined), {
    path: ["signatures"],
    message: "exactly one of signature and signatures is needed",
  })
  .meta({ id: "RespondToChallenge" });

export const RespondReply = z
  .object({
    message: z.string(),
    session_id: opaqueId,
    challenge_id: opaqueId,
    status: SessionStatus,
    items_accepted: z.int(),
    items_missing: z.int(),
  })
  .meta({ id: "RespondedToChallenge" });

export const CompleteSessionBody = z
  .object({ result_data: jsonObject.default({}), signed_tx: z.string().max(131_072).optional() })
  .meta({ id: "CompleteSession" });

export const CompleteSessionReply = z
  .object({ message: z.string(), session_id: opaqueId, result_data: jsonObject })
  .meta({ id: "CompletedSession" });

export const FailSessionBody = z
  .object({ error_message: z.string().max(500).optional(), reason: z.string().max(500).optional() })
  .meta({ id: "FailSession", description: "`reason` is the older name of `error_message`." });

export const FailSessionReply = z
  .object({ message: z.string(), session_id: opaqueId, error_message: z.string() })
  .meta({ id: "FailedSession" });

export const ChallengeParams = z.object({ challenge_id: opaqueId });

export const ChallengeReply = z
  .object({
    challenge: z.object({
      challenge_id: opaqueId,
      session_id: opaqueId,
      context: z.string(),
      expires_at: timestamp,
      is_used: z.boolean(),
      created_at: timestamp,
      stage: z.enum(["ark_tx", "checkpoint_txs"]).nullable(),
      content: ChallengeContent.optional(),
    }),
  })
  .meta({ id: "Challenge" });
