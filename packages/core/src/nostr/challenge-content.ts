import { z } from "zod";

import type { SigningItem } from "../ark/types";
import { hex32, isoTime } from "./field-schemas";
import type { JsonObject } from "./integer-json";

/** Parameters the wallet compares with its pinned values. */
export interface ChallengeParams {
  /** x-only, 64 hex. */
  readonly signer: string;
  readonly checkpoint_tapscript: string;
  /** arkd's raw GetInfo value. */
  readonly exit_delay: number;
}

/** What a sign_payload challenge asks to sign: the session's intent. */
export interface SignPayload {
  readonly action_id: string;
  readonly type: string;
  readonly params: JsonObject;
}

export interface ChallengeAmount {
  readonly asset_id: string;
  readonly amount: number;
}

/** What people are shown. Wallets decide by the PSBTs, never by this. */
export interface ChallengeContext {
  readonly human: string;
  readonly stage: "ark_tx" | "checkpoint_txs" | null;
  readonly intent: JsonObject;
  readonly amounts: {
    readonly spend: readonly ChallengeAmount[];
    readonly receive: readonly ChallengeAmount[];
    readonly change: readonly ChallengeAmount[];
    readonly fee: ChallengeAmount;
  };
  readonly step_index: number;
  readonly step_total: number;
  readonly presign: boolean;
  readonly renew: boolean;
}

interface ChallengeBase {
  readonly session_id: string;
  readonly challenge_id: string;
  readonly step_index: number;
  readonly step_total: number;
  readonly payload_to_sign: string;
  readonly payload_ref: string;
  readonly algo: "BIP340";
  /** `arkrelay/<proto>/v1` */
  readonly domain: string;
  readonly context: ChallengeContext;
  /** ISO-8601 UTC with milliseconds. For stage checkpoint_txs advice only. */
  readonly expires_at: string;
}

export interface SignTxChallenge extends ChallengeBase {
  readonly type: "sign_tx";
  readonly stage: "ark_tx" | "checkpoint_txs";
  /** Exactly this signer's inputs. */
  readonly items: readonly SigningItem[];
  readonly ark_psbt: string;
  readonly checkpoint_psbts: readonly string[];
  readonly params: ChallengeParams;
}

export interface SignPayloadChallenge extends ChallengeBase {
  readonly type: "sign_payload";
  readonly stage: null;
  readonly payload: SignPayload;
}

/** Over swept VTXOs: the proof that registers them for a batch. */
export interface SignIntentProofChallenge extends ChallengeBase {
  readonly type: "sign_intent_proof";
  readonly stage: null;
  /** Every input of the proof, signed with SIGHASH_ALL: the message's, then each VTXO. */
  readonly items: readonly SigningItem[];
  /** Unsigned, base64. */
  readonly proof_psbt: string;
  /** The register message that the proof is over, byte for byte. */
  readonly message: string;
  readonly params: ChallengeParams;
}

/** Plain text of a 31511. */
export type ChallengeContent = SignTxChallenge | SignPayloadChallenge | SignIntentProofChallenge;

const hex = z.string().regex(/^([0-9a-f]{2})*$/);
const chosenAmount = z.strictObject({ asset_id: z.string(), amount: z.int().min(0) });
const stage = z.enum(["ark_tx", "checkpoint_txs"]);
const jsonObject = z.custom<JsonObject>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);

const base = {
  session_id: z.string(),
  challenge_id: z.string(),
  step_index: z.int().min(1),
  step_total: z.int().min(1),
  payload_to_sign: hex,
  payload_ref: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  algo: z.literal("BIP340"),
  domain: z.string().regex(/^arkrelay\/[a-z0-9_]+\/v1$/),
  context: z.strictObject({
    human: z.string(),
    stage: stage.nullable(),
    intent: jsonObject,
    amounts: z.strictObject({
      spend: z.array(chosenAmount),
      receive: z.array(chosenAmount),
      change: z.array(chosenAmount),
      fee: chosenAmount,
    }),
    step_index: z.int().min(1),
    step_total: z.int().min(1),
    presign: z.boolean(),
    renew: z.boolean(),
  }),
  expires_at: isoTime,
};

const item = { txid: hex32, input: z.int().min(0), sighash: hex32, leaf_hash: hex32, pubkey: hex32 };
const params = z.strictObject({ signer: hex32, checkpoint_tapscript: hex, exit_delay: z.int().min(0) });

/** Schema of a 31511's plain text, in the one form we send. */
export const challengeContentSchema: z.ZodType<ChallengeContent> = z.discriminatedUnion("type", [
  z.strictObject({
    ...base,
    type: z.literal("sign_tx"),
    stage,
    items: z.array(z.strictObject({ role: z.enum(["ark", "checkpoint"]), ...item })).min(1),
    ark_psbt: z.base64(),
    checkpoint_psbts: z.array(z.base64()),
    params,
  }),
  z.strictObject({
    ...base,
    type: z.literal("sign_intent_proof"),
    stage: z.null(),
    items: z.array(z.strictObject({ role: z.literal("proof"), ...item })).min(2),
    proof_psbt: z.base64(),
    message: z.string(),
    params,
  }),
  z.strictObject({
    ...base,
    type: z.literal("sign_payload"),
    stage: z.null(),
    payload: z.strictObject({ action_id: z.string(), type: z.string(), params: jsonObject }),
  }),
]);
