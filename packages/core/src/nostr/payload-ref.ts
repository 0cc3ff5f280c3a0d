import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";

import type { SigningItem } from "../ark/types";
import { canonicalDigest, canonicalJson } from "../canonical-json";
import { taggedHash } from "../tagged-hash";
import type { ChallengeParams, SignPayload } from "./challenge-content";

/** What the payload_ref of a sign_tx challenge commits to. */
export interface SignTxRefInput {
  readonly session_id: string;
  readonly stage: "ark_tx" | "checkpoint_txs";
  readonly ark_psbt: string;
  readonly checkpoint_psbts: readonly string[];
  readonly items: readonly SigningItem[];
  readonly params: ChallengeParams;
}

/** `sha256:` + hex sha256 of the canonical JSON of {session_id, stage, ark_psbt, checkpoint_psbts, items, params}. */
export function signTxPayloadRef(input: SignTxRefInput): string {
  const { session_id, stage, ark_psbt, checkpoint_psbts, items, params } = input;
  return payloadRef({ session_id, stage, ark_psbt, checkpoint_psbts, items, params });
}

/** What the payload_ref of a sign_intent_proof challenge commits to. */
export interface SignIntentProofRefInput {
  readonly session_id: string;
  readonly proof_psbt: string;
  readonly message: string;
  readonly items: readonly SigningItem[];
  readonly params: ChallengeParams;
}

/** `sha256:` + hex sha256 of the canonical JSON of {session_id, proof_psbt, message, items, params}. */
export function signIntentProofPayloadRef(input: SignIntentProofRefInput): string {
  const { session_id, proof_psbt, message, items, params } = input;
  return payloadRef({ session_id, proof_psbt, message, items, params });
}

/** `sha256:` + hex sha256 of the canonical JSON of the payload. */
export function signPayloadRef(payload: SignPayload): string {
  return payloadRef(payload);
}

/** payload_to_sign of a sign_tx or sign_intent_proof challenge: the sighashes of all items, concatenated in order. For display only. */
export function concatSighashes(items: readonly SigningItem[]): string {
  return items.map((item) => item.sighash).join("");
}

/** payload_to_sign of a sign_payload challenge: BIP340 tagged hash, tag = domain, message = canonical JSON of the payload. */
export function signPayloadDigest(domain: string, payload: SignPayload): string {
  return bytesToHex(taggedHash(domain, utf8ToBytes(canonicalJson(payload))));
}

function payloadRef(value: unknown): string {
  return `sha256:${canonicalDigest(value)}`;
}
