import type { ArkParams, SigningItem } from "../ark/types";
import { challengeDTag, challengeTemplate, nextCreatedAt, signPrivateEvent } from "../nostr/build-events";
import type { ChallengeContext, SignTxChallenge } from "../nostr/challenge-content";
import { CHALLENGE_KIND } from "../nostr/kinds";
import { concatSighashes, signTxPayloadRef } from "../nostr/payload-ref";
import type { NostrEvent } from "../ports/nostr";
import type { Tx } from "../ports/transactions";
import { GBTC } from "../vtxo/vtxo";
import { announceSession } from "../webhook/session-events";
import type { Challenge, ChallengeStage } from "./challenge";
import type { Session, SessionIntent } from "./session";
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
}

/**
 * Stores a challenge to the session's user, announces it to webhooks and, unless the session is HTTP only, puts its 31511 into the
 * outbox.
 */
export async function issueChallenge(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  input: ChallengeInput,
): Promise<Challenge> {
  const content = challengeContent(session, input);
  const event = await challengeEvent(deps, tx, session, content);
  const challenge = await deps.challenges.insert(tx, {
    challengeId: input.challengeId,
    sessionRowId: session.id,
    signerPubkey: session.userPubkey,
    stage: input.stage,
    stepIndex: content.step_index,
    content,
    expiresAt: input.expiresAt,
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
  const content: SignTxChallenge = { ...challenge.content, expires_at: expiresAt.toISOString() };
  const event = await challengeEvent(deps, tx, session, content);
  await deps.challenges.renew(tx, challenge, content, expiresAt, event?.id);
  if (event !== undefined) await deps.outbox.insert(tx, event, session.sessionId);
}

/** What watchers of the session are told about a challenge. */
export function challengeEventData(challenge: {
  readonly challengeId: string;
  readonly stage: ChallengeStage;
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
  const params = {
    signer: input.params.signerPubkey,
    checkpoint_tapscript: input.params.checkpointTapscript,
    exit_delay: input.params.exitDelay,
  };
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
      presign: false,
      renew: false,
    },
    expires_at: input.expiresAt.toISOString(),
  };
}

function humanText({ intent }: Session, stage: ChallengeStage): string {
  const what = `${movedText(intent)} for a fee of ${quantity(intent.feeAmount, intent.feeAssetId)}`;
  return stage === "ark_tx"
    ? `${what}: sign the transfer (1 of 2).`
    : `${what}: arkd has signed, release the inputs (2 of 2).`;
}

function movedText(intent: SessionIntent): string {
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
      return `Send ${quantity(amount, assetId)} to ${recipientPubkey.slice(0, 8)}…`;
  }
}

function quantity(amount: bigint, assetId: string): string {
  return `${amount} ${assetId === GBTC ? "sats" : assetId}`;
}

async function challengeEvent(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  content: SignTxChallenge,
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
