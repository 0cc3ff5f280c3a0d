import { schnorr } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";

import { VerificationError } from "./errors.js";
import {
  type Challenge31511,
  RENEW_TYPE,
  type SignIntentProofChallenge,
  type SignPayloadChallenge,
  type SignTxChallenge,
  challengeSchema,
} from "./event-schemas.js";
import { type ItemSignature, type Response31512, buildResponse31512 } from "./payloads.js";
import type { Signer } from "./signer.js";
import { parseWith } from "./validation.js";
import { checkAssets } from "./verifier/check-assets.js";
import { type VerifiedItem, checkItems } from "./verifier/check-items.js";
import { checkOrigin } from "./verifier/check-origin.js";
import { type OutputSummary, checkOutputs } from "./verifier/check-outputs.js";
import { checkPayloadRef, checkSignPayload } from "./verifier/check-payload.js";
import { checkProof } from "./verifier/check-proof.js";
import { checkRenewal } from "./verifier/check-renewal.js";
import { checkNoSecondPayment, checkStageTwo } from "./verifier/check-stage-two.js";
import { type SwapSummary, checkSwap } from "./verifier/check-swap.js";
import { checkInputs, checkPins, linkInputs } from "./verifier/link-inputs.js";
import { isSwap } from "./verifier/read-swap.js";
import { must, orRefuse } from "./verifier/refuse.js";
import type {
  AnsweredChallenge,
  LinkedTx,
  OwnVtxo,
  ReceivedChallenge,
  VerifyOptions,
} from "./verifier/verifier-types.js";

export type { WalletPins } from "./ark-script.js";
export type { SwapSummary } from "./verifier/check-swap.js";
export type {
  AnsweredChallenge,
  ApprovedIntent,
  OwnVtxo,
  ReceivedChallenge,
  VerifyOptions,
  VtxoView,
} from "./verifier/verifier-types.js";

/** A challenge that passed every check. Only `verifyChallenge` makes one; `signChallenge` refuses any other object. */
export interface VerifiedChallenge {
  readonly ok: true;
  readonly items: readonly VerifiedItem[];
  /** What the user is about to sign, from the wallet's own reading of the PSBTs. Null for `sign_payload` and swaps. */
  readonly summary: OutputSummary | null;
  /** The same for a swap, of which the others' sides are not this wallet's to judge. Null for everything else. */
  readonly swap: SwapSummary | null;
  /** Store it once the answer is sent: it is the `answered` and `previous` of later challenges. */
  readonly record: AnsweredChallenge;
}

/** What to sign, kept apart from the object handed out, so that nobody can change it after verification. */
interface SigningPlan {
  readonly content: Pick<Challenge31511, "session_id" | "challenge_id" | "payload_ref" | "type">;
  readonly myPubkey: string;
  readonly items: readonly VerifiedItem[];
  readonly digest: string | null;
}

const plans = new WeakMap<VerifiedChallenge, SigningPlan>();

/**
 * Decides whether a challenge may be signed. Pure: no network, no clock. Throws VerificationError with the reason of
 * the first check that fails; a check that cannot run fails.
 */
export function verifyChallenge(challenge: ReceivedChallenge, options: VerifyOptions): VerifiedChallenge {
  return orRefuse("structure", "the challenge cannot be checked", () => {
    const content = parseChallenge(challenge.content);
    checkOrigin(challenge, content, options);
    checkPayloadRef(content);
    switch (content.type) {
      case "sign_tx":
        return verifySignTx(content, options);
      case "sign_payload":
        return verifySignPayload(content, options);
      case "sign_intent_proof":
        return verifyIntentProof(content, options);
    }
  });
}

function parseChallenge(content: unknown): Challenge31511 {
  // Without a transaction or a payload, all that is left to sign is a bare digest.
  const fields = typeof content === "object" && content !== null ? content : {};
  must(
    "ark_psbt" in fields || "payload" in fields || "proof_psbt" in fields,
    "digest",
    "a bare digest is never signed",
  );
  return orRefuse("structure", "the challenge is malformed", () => parseWith(challengeSchema, content, "31511"));
}

function verifySignTx(content: SignTxChallenge, options: VerifyOptions): VerifiedChallenge {
  checkPins(content, options);
  const tx = linkInputs(content, options);
  if (content.stage === "checkpoint_txs") checkStageTwo(tx, content, options);
  else checkNoSecondPayment(tx, options.answered, options);
  const mine = checkInputs(tx, content, options);
  const { summary, swap } = checkMoves(tx, mine, options);
  const items = checkItems(tx, content, options);
  const record = {
    ...recordOf(content, options),
    stage: content.stage,
    arkTxid: tx.ark.id,
    checkpointTxids: tx.inputs.map((input) => input.checkpoint.id),
    inputs: tx.inputs.map((input) => input.vtxoId),
  };
  return seal({ ok: true, items, summary, swap, record }, { content, myPubkey: options.myPubkey, items, digest: null });
}

function checkMoves(
  tx: LinkedTx,
  mine: readonly OwnVtxo[],
  options: VerifyOptions,
): Pick<VerifiedChallenge, "summary" | "swap"> {
  if (isSwap(options.intent.content)) return { summary: null, swap: checkSwap(tx, mine, options) };
  if (options.intent.content.type === RENEW_TYPE) {
    const summary = checkRenewal(tx, mine, options);
    // All units go where the sats go.
    checkAssets(tx, mine, { ...summary, changeVouts: summary.recipientVouts });
    return { summary, swap: null };
  }
  const summary = checkOutputs(tx, mine, options);
  checkAssets(tx, mine, summary);
  return { summary, swap: null };
}

function verifyIntentProof(content: SignIntentProofChallenge, options: VerifyOptions): VerifiedChallenge {
  checkPins(content, options);
  const { items, summary, inputs } = checkProof(content, options);
  const record = { ...recordOf(content, options), stage: null, arkTxid: null, checkpointTxids: [], inputs };
  return seal(
    { ok: true, items, summary, swap: null, record },
    { content, myPubkey: options.myPubkey, items, digest: null },
  );
}

function verifySignPayload(content: SignPayloadChallenge, options: VerifyOptions): VerifiedChallenge {
  const digest = checkSignPayload(content, options);
  const record = { ...recordOf(content, options), stage: null, arkTxid: null, checkpointTxids: [], inputs: [] };
  return seal(
    { ok: true, items: [], summary: null, swap: null, record },
    { content, myPubkey: options.myPubkey, items: [], digest },
  );
}

function recordOf(content: Challenge31511, options: VerifyOptions) {
  return {
    actionId: options.intent.content.action_id,
    sessionId: content.session_id,
    challengeId: content.challenge_id,
    payloadRef: content.payload_ref,
  };
}

function seal(verified: VerifiedChallenge, plan: SigningPlan): VerifiedChallenge {
  const { session_id, challenge_id, payload_ref, type } = plan.content;
  plans.set(verified, { ...plan, content: { session_id, challenge_id, payload_ref, type } });
  return Object.freeze(verified);
}

/** Signs a verified challenge and returns the content of its 31512. Each signature is verified before it is returned. */
export async function signChallenge(
  verified: VerifiedChallenge,
  signer: Pick<Signer, "signSchnorr">,
): Promise<Response31512> {
  const plan = plans.get(verified);
  if (plan === undefined) throw new VerificationError("origin", "only an object made by verifyChallenge can be signed");
  const { session_id, challenge_id, payload_ref, type } = plan.content;
  const fields = { challenge_id, payload_ref, type };
  if (plan.digest !== null) {
    return buildResponse31512(session_id, await signDigest(plan.digest, plan.myPubkey, signer), fields);
  }
  const signatures: (ItemSignature & { readonly role: VerifiedItem["role"] })[] = [];
  for (const { role, txid, input, sighash } of plan.items) {
    signatures.push({ role, txid, input, sig: await signDigest(sighash, plan.myPubkey, signer) });
  }
  const [first = "ark"] = signatures.map(({ role }) => role);
  const answers = signatures.filter(({ role }) => role === first).map(withoutRole);
  const presigned = signatures.filter(({ role }) => role !== first).map(withoutRole);
  const extra = presigned.length > 0 ? { checkpoint_signatures: presigned } : {};
  return buildResponse31512(session_id, answers, { ...fields, ...extra });
}

function withoutRole({ txid, input, sig }: ItemSignature): ItemSignature {
  return { txid, input, sig };
}

async function signDigest(digest: string, pubkey: string, signer: Pick<Signer, "signSchnorr">): Promise<string> {
  if (signer.signSchnorr === undefined) {
    throw new VerificationError("unsupported", "this signer cannot make BIP340 signatures over a digest (signSchnorr)");
  }
  const signature = await signer.signSchnorr(digest);
  if (!schnorr.verify(hex.decode(signature), hex.decode(digest), hex.decode(pubkey))) {
    throw new VerificationError("sighash", "the signer answered with a signature that does not verify");
  }
  return signature;
}
