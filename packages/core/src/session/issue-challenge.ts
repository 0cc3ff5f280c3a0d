import type { unsignedRegisterProof } from "../ark-batch/batch-intent";
import type { ArkParams, AskedSignature, SigningItem } from "../ark/types";
import { assert } from "../errors";
import { challengeDTag, challengeTemplate, nextCreatedAt, signPrivateEvent } from "../nostr/build-events";
import type {
  ChallengeContent,
  ChallengeContext,
  ChallengeParams,
  SignIntentProofChallenge,
  SignPayload,
  SignPayloadChallenge,
  SignTxChallenge,
} from "../nostr/challenge-content";
import { isJsonObject } from "../nostr/integer-json";
import { CHALLENGE_KIND } from "../nostr/kinds";
import {
  concatSighashes,
  signIntentProofPayloadRef,
  signPayloadDigest,
  signPayloadRef,
  signTxPayloadRef,
} from "../nostr/payload-ref";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import { GBTC } from "../vtxo/vtxo";
import { announceSession } from "../webhook/session-events";
import type { Challenge, ChallengeStage } from "./challenge";
import {
  movingIntentOf,
  type MovingIntent,
  type ProtocolOpIntent,
  type RenewIntent,
  type Session,
  type SwapIntent,
} from "./session";
import type { SessionDeps } from "./session-deps";

/** A transfer is signed twice: the ark tx, then the checkpoints. */
const STEP_TOTAL = 2;
const STEP_INDEX: Readonly<Record<ChallengeStage, number>> = { ark_tx: 1, checkpoint_txs: 2 };

export interface ChallengeInput {
  /** Made by the caller, since the session's move announces the challenge before its row exists. */
  readonly challengeId: string;
  readonly stage: ChallengeStage;
  /** Exactly this signer's inputs. */
  readonly items: readonly SigningItem[];
  readonly arkPsbt: string;
  readonly checkpointPsbts: readonly string[];
  readonly params: ArkParams;
  readonly amounts: ChallengeContext["amounts"];
  readonly expiresAt: Date;
  /** Stage ark_tx: the signer gives its checkpoint signatures with it, whose items follow those of the ark tx. */
  readonly presign?: boolean;
}

/**
 * Stores a challenge to the session's user, announces it to webhooks and, unless the session is HTTP only, puts its 31511 into the
 * outbox.
 */
export function issueChallenge(deps: SessionDeps, tx: Tx, session: Session, input: ChallengeInput): Promise<Challenge> {
  return storeChallenge(deps, tx, session, {
    content: challengeContent(session, input),
    items: input.items,
    expiresAt: input.expiresAt,
  });
}

/** The same over what a protocol_op says: one signature over the tagged hash of its intent. */
export function issuePayloadChallenge(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  input: { readonly challengeId: string; readonly expiresAt: Date },
): Promise<Challenge> {
  const content = payloadContent(session, input);
  const { payload_to_sign: digest } = content;
  const items = [{ txid: digest, input: 0, sighash: digest, pubkey: session.userPubkey }];
  return storeChallenge(deps, tx, session, { content, items, expiresAt: input.expiresAt });
}

export interface ProofChallengeInput extends Pick<ChallengeInput, "challengeId" | "params" | "amounts" | "expiresAt"> {
  readonly proof: ReturnType<typeof unsignedRegisterProof>;
}

/** The same over a proof that registers the user's swept VTXOs for a batch. */
export function issueProofChallenge(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  input: ProofChallengeInput,
): Promise<Challenge> {
  const { expiresAt, proof } = input;
  return storeChallenge(deps, tx, session, { content: proofContent(session, input), items: proof.items, expiresAt });
}

interface NewContent {
  readonly content: ChallengeContent;
  readonly items: readonly AskedSignature[];
  readonly expiresAt: Date;
}

async function storeChallenge(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  { content, items, expiresAt }: NewContent,
): Promise<Challenge> {
  const event = await challengeEvent(deps, tx, session, content);
  const challenge = await deps.challenges.insert(tx, {
    challengeId: content.challenge_id,
    sessionRowId: session.id,
    signerPubkey: session.userPubkey,
    stage: content.stage,
    stepIndex: content.step_index,
    items,
    content,
    expiresAt,
    challengeEventId: event?.id,
  });
  if (event !== undefined) await deps.outbox.insert(tx, event, session.sessionId);
  await announceSession(deps, tx, "session.challenge_sent", session);
  return challenge;
}

/** The same challenge once more, with a new time of advice: same challenge_id, same payload_ref, a newer event. */
export async function resendChallenge(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  challenge: Challenge,
  expiresAt: Date,
): Promise<void> {
  const content: ChallengeContent = { ...challenge.content, expires_at: expiresAt.toISOString() };
  const event = await challengeEvent(deps, tx, session, content);
  await deps.challenges.renew(tx, challenge, content, expiresAt, event?.id);
  if (event !== undefined) await deps.outbox.insert(tx, event, session.sessionId);
}

/** What watchers of the session are told about a challenge. */
export function challengeEventData(challenge: {
  readonly challengeId: string;
  readonly stage: ChallengeStage | null;
  readonly expiresAt: Date;
}) {
  return {
    event: "challenge",
    data: {
      challenge_id: challenge.challengeId,
      stage: challenge.stage,
      expires_at: challenge.expiresAt.toISOString(),
    },
  };
}

function challengeContent(session: Session, input: ChallengeInput): SignTxChallenge {
  const { stage, items, arkPsbt, checkpointPsbts } = input;
  const params = wireParams(input.params);
  const signed = {
    session_id: session.sessionId,
    stage,
    ark_psbt: arkPsbt,
    checkpoint_psbts: checkpointPsbts,
    items,
    params,
  };
  return {
    ...signed,
    challenge_id: input.challengeId,
    type: "sign_tx",
    step_index: STEP_INDEX[stage],
    step_total: STEP_TOTAL,
    payload_to_sign: concatSighashes(items),
    payload_ref: signTxPayloadRef(signed),
    algo: "BIP340",
    domain: `arkrelay/${session.sessionType}/v1`,
    context: {
      human: humanText(session, stage),
      stage,
      intent: session.intent.content,
      amounts: input.amounts,
      step_index: STEP_INDEX[stage],
      step_total: STEP_TOTAL,
      presign: input.presign === true,
      renew: session.intent.type === "vtxo_renew",
    },
    expires_at: input.expiresAt.toISOString(),
  };
}

function wireParams({ signerPubkey, checkpointTapscript, exitDelay }: ArkParams): ChallengeParams {
  return { signer: signerPubkey, checkpoint_tapscript: checkpointTapscript, exit_delay: exitDelay };
}

function proofContent(session: Session, input: ProofChallengeInput): SignIntentProofChallenge {
  const { intent, sessionId } = session;
  assert(intent.type === "vtxo_renew", "only swept VTXOs are proven for a batch");
  const { proof: proofPsbt, message, items } = input.proof;
  const signed = {
    session_id: sessionId,
    proof_psbt: proofPsbt,
    message,
    items,
    params: wireParams(input.params),
  };
  return {
    ...signed,
    challenge_id: input.challengeId,
    type: "sign_intent_proof",
    stage: null,
    step_index: 1,
    step_total: 1,
    payload_to_sign: concatSighashes(items),
    payload_ref: signIntentProofPayloadRef(signed),
    algo: "BIP340",
    domain: `arkrelay/${session.sessionType}/v1`,
    context: {
      human: `Recover ${countText(intent)} without a fee: sign the proof that a batch gives back the same for (1 of 1).`,
      stage: null,
      intent: intent.content,
      amounts: input.amounts,
      step_index: 1,
      step_total: 1,
      presign: false,
      renew: true,
    },
    expires_at: input.expiresAt.toISOString(),
  };
}

function payloadContent(
  session: Session,
  { challengeId, expiresAt }: { readonly challengeId: string; readonly expiresAt: Date },
): SignPayloadChallenge {
  const { intent, sessionId } = session;
  assert(intent.type === "protocol_op", "only a solver's operation is signed as a payload");
  const payload = payloadOf(intent);
  const domain = `arkrelay/${namespaceOf(intent.operation)}/v1`;
  return {
    session_id: sessionId,
    challenge_id: challengeId,
    type: "sign_payload",
    stage: null,
    step_index: 1,
    step_total: 1,
    payload,
    payload_to_sign: signPayloadDigest(domain, payload),
    payload_ref: signPayloadRef(payload),
    algo: "BIP340",
    domain,
    context: {
      human: `Sign ${intent.operation} (${intent.actionId}): your signature says so, nothing moves by it (1 of 1).`,
      stage: null,
      intent: intent.content,
      amounts: { spend: [], receive: [], change: [], fee: { asset_id: GBTC, amount: 0 } },
      step_index: 1,
      step_total: 1,
      presign: false,
      renew: false,
    },
    expires_at: expiresAt.toISOString(),
  };
}

function payloadOf({ actionId, operation, content }: ProtocolOpIntent): SignPayload {
  const { params } = content;
  assert(isJsonObject(params), "every intent has params");
  return { action_id: actionId, type: operation, params };
}

function namespaceOf(operation: string): string {
  return operation.split(":")[0] ?? operation;
}

function humanText(session: Session, stage: ChallengeStage): string {
  const { intent } = session;
  if (intent.type === "vtxo_renew") return renewalText(intent, stage);
  const what = `${intent.type === "atomic_swap" ? swappedText(intent) : movedText(movingIntentOf(session))} for a fee of ${quantity(intent.feeAmount, intent.feeAssetId)}`;
  return stage === "ark_tx"
    ? `${what}: sign the transfer (1 of 2).`
    : `${what}: arkd has signed, release the inputs (2 of 2).`;
}

function movedText(intent: MovingIntent): string {
  const { assetId, amount, recipientPubkey } = intent;
  switch (intent.type) {
    case "vtxo_split": {
      const parts = intent.partAmounts.join(" + ");
      return `Split ${quantity(amount, assetId)} of your own into ${parts}`;
    }
    case "lightning_land":
      return `Send ${quantity(amount, assetId)} to a Lightning invoice`;
    case "p2p_transfer":
    case "vtxo_multi_transfer":
    case "optimal_change":
    case "lightning_lift":
    case "vtxo_renew":
      return `Send ${quantity(amount, assetId)} to ${recipientPubkey.slice(0, 8)}…`;
  }
}

function swappedText({ give, receive }: SwapIntent): string {
  const list = (legs: SwapIntent["give"]): string =>
    legs.map(({ amount, assetId }) => quantity(amount, assetId)).join(" and ");
  return `Swap ${list(give)} for ${list(receive)}`;
}

function renewalText(intent: RenewIntent, stage: ChallengeStage): string {
  const what = `Renew ${countText(intent)} without a fee`;
  return stage === "ark_tx"
    ? `${what}: sign the transfer to the gateway (1 of 2).`
    : `${what}: arkd has signed, release the inputs (2 of 2).`;
}

function countText({ sourceVtxos: { length } }: RenewIntent): string {
  return length === 1 ? "a VTXO" : `${length} VTXOs`;
}

function quantity(amount: bigint, assetId: string): string {
  return `${amount} ${assetId === GBTC ? "sats" : assetId}`;
}

async function challengeEvent(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  content: ChallengeContent,
): Promise<NostrEvent | undefined> {
  const { identity } = deps;
  if (identity === undefined || session.delivery === "http") return undefined;
  const last = await deps.outbox.findLastCreatedAt(
    tx,
    CHALLENGE_KIND,
    challengeDTag(session.sessionId, content.step_index),
  );
  const template = challengeTemplate({
    content,
    signerPubkey: session.userPubkey,
    intentEventId: session.intentEventId,
    createdAt: nextCreatedAt(deps.clock.now(), last),
  });
  return signPrivateEvent(identity, await deps.peers.findScheme(session.userPubkey), template);
}
