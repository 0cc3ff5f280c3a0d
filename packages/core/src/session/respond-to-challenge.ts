import { hexToBytes } from "@noble/hashes/utils.js";

import type { AskedSignature, ItemSignature, SigningItem } from "../ark/types";
import { mayRead, type Caller } from "../caller";
import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import { verifySchnorr } from "../schnorr";
import type { Challenge, CollectedSignature } from "./challenge";
import { endSession } from "./end-session";
import { hasFollowers, lockInOrder } from "./members";
import { moveSession, wakeOf } from "./move-session";
import { isHandedOver, isTerminal, type Session } from "./session";
import type { SessionDeps } from "./session-deps";

export interface RespondInput {
  readonly sessionId: string;
  /** Who brings the answer over HTTP; undefined for a 31512, whose author is `signedBy`. */
  readonly caller?: Caller;
  /** The key that authenticated the call itself (31512 author, NIP-98 signer): only its wrong answers count against the session. */
  readonly signedBy: string | undefined;
  readonly userPubkey?: string;
  readonly challengeId?: string;
  readonly payloadRef?: string;
  /** Exactly one of the two. A bare signature answers a challenge with one item. */
  readonly signature?: string;
  readonly signatures?: readonly ItemSignature[];
  /** Asked for by challenges with `presign` only, which a transfer never has; they may also stand among `signatures`. */
  readonly checkpointSignatures?: readonly ItemSignature[];
  readonly responseEventId?: string;
  /** The operator brings a user's signatures by running the step that waits for them: they are the proof, as for any relay. */
  readonly relayedByOperator?: boolean;
}

export interface Responded {
  readonly session: Session;
  readonly challengeId: string;
  readonly itemsAccepted: number;
  readonly itemsMissing: number;
  readonly wakes: readonly Wake[];
}

/** A signer's own wrong answers before acceptance that a session survives. */
const WRONG_ANSWERS_MAX = 3;

/**
 * Takes an answer to the open challenge. Every signature is verified against our own sighash and the session's own key before
 * anything is stored; a subset of the items is kept until the rest arrives; the last one closes the challenge by
 * compare-and-set, so no challenge is answered twice. Errors: not_found, wrong_state, challenge_used, challenge_expired,
 * session_expired, payload_mismatch, signature_mismatch, invalid_request.
 */
export async function respondToChallenge(deps: SessionDeps, tx: Tx, input: RespondInput): Promise<Responded> {
  const found = await findAnswerable(deps, input);
  const wrong = firstWrong(found.challenge, found.answers);
  if (wrong !== undefined) {
    // Counted in a transaction of its own, since the refusal undoes what this one wrote.
    if (input.signedBy === found.session.userPubkey)
      deps.transactions.afterEnd(tx, () => countWrongAnswer(deps, found));
    throw new AppError("signature_mismatch", { details: { txid: wrong.txid, input: wrong.input } });
  }
  return storeAnswer(deps, tx, found, input.responseEventId);
}

interface Answerable {
  readonly session: Session;
  readonly challenge: Challenge;
  readonly answers: readonly CollectedSignature[];
}

async function findAnswerable(deps: SessionDeps, input: RespondInput): Promise<Answerable> {
  const session = await deps.sessions.find(input.sessionId);
  if (session === undefined || !mayAnswer(input, session)) throw new AppError("not_found");
  requireSigner(session, input.userPubkey);
  const challenge = await openChallenge(deps, session, input.challengeId);
  if (!challenge.content.context.presign) refusePresigned(input);
  if (challenge.stage !== "checkpoint_txs" && challenge.expiresAt <= deps.clock.now()) {
    throw new AppError("challenge_expired", { details: { challenge_id: challenge.challengeId } });
  }
  if (input.payloadRef !== undefined && input.payloadRef !== challenge.payloadRef)
    throw new AppError("payload_mismatch");
  return { session, challenge, answers: answersTo(challenge, input) };
}

/** The signature is the proof, so a relaying creator may bring it; an operator may by running the step only. */
function mayAnswer(input: RespondInput, session: Session): boolean {
  const { caller } = input;
  if (input.relayedByOperator === true) return caller?.isAdmin === true;
  if (caller === undefined) return input.signedBy === session.userPubkey;
  return !caller.isAdmin && mayRead(caller, session);
}

function requireSigner(session: Session, userPubkey: string | undefined): void {
  if (userPubkey === undefined || userPubkey === session.userPubkey) return;
  const message = "Not a signer of this session";
  throw new AppError("invalid_request", { errors: [{ path: "user_pubkey", code: "not_a_signer", message }] });
}

/** Taking a signature nobody asked for would leave its owner thinking it counts. */
function refusePresigned(input: RespondInput): void {
  if (input.checkpointSignatures === undefined || input.checkpointSignatures.length === 0) return;
  const message = "This challenge does not ask for checkpoint signatures ahead of arkd's";
  throw new AppError("invalid_request", { errors: [{ path: "checkpoint_signatures", code: "not_asked", message }] });
}

async function openChallenge(deps: SessionDeps, session: Session, challengeId: string | undefined): Promise<Challenge> {
  const open = await deps.challenges.findOpen(undefined, session.id);
  if (open !== undefined && (challengeId === undefined || challengeId === open.challengeId)) return open;
  if (challengeId !== undefined) await refuseClosed(deps, session, challengeId);
  if (session.status === "expired") throw new AppError("session_expired");
  const answered = !isTerminal(session) && session.status !== "initiated";
  if (answered && challengeId === undefined) throw new AppError("challenge_used");
  throw new AppError("wrong_state", { details: { status: session.status, allowed: [] } });
}

async function refuseClosed(deps: SessionDeps, session: Session, challengeId: string): Promise<void> {
  const named = await deps.challenges.findById(challengeId);
  if (named === undefined || named.sessionRowId !== session.id) throw new AppError("not_found");
  if (named.status === "used") throw new AppError("challenge_used", { details: { challenge_id: challengeId } });
  if (named.status === "expired") throw new AppError("challenge_expired", { details: { challenge_id: challengeId } });
}

function answersTo(challenge: Challenge, input: RespondInput): readonly CollectedSignature[] {
  const given = [
    ...(input.signatures ?? bareAnswer(challenge, input.signature)),
    ...(input.checkpointSignatures ?? []),
  ];
  const seen = new Set<string>();
  return given.map(({ txid, input: index, sig }) => {
    const item = findItem(challenge, txid, index);
    if (item === undefined) throw new AppError("signature_mismatch", { details: { txid, input: index } });
    if (seen.has(`${txid}:${index}`)) throw repeated();
    seen.add(`${txid}:${index}`);
    return { txid, input: index, pubkey: item.pubkey, sig };
  });
}

function bareAnswer(challenge: Challenge, signature: string | undefined): readonly ItemSignature[] {
  // A checkpoint's signature that is asked for beside it has a field of its own.
  const { content } = challenge;
  const asked =
    content.type === "sign_tx" && content.context.presign ? content.items.filter(isOfArkTx) : challenge.items;
  const [only, ...more] = asked;
  if (signature !== undefined && only !== undefined && more.length === 0) {
    return [{ txid: only.txid, input: only.input, sig: signature }];
  }
  const message = `This challenge asks for ${challenge.items.length} signatures: send signatures[]`;
  throw new AppError("invalid_request", { errors: [{ path: "signatures", code: "required", message }] });
}

function isOfArkTx({ role }: SigningItem): boolean {
  return role === "ark";
}

function repeated(): AppError {
  const message = "An item is answered twice";
  return new AppError("invalid_request", { errors: [{ path: "signatures", code: "repeated", message }] });
}

function findItem(challenge: Challenge, txid: string, input: number): AskedSignature | undefined {
  return challenge.items.find((item) => item.txid === txid && item.input === input);
}

function firstWrong(challenge: Challenge, answers: readonly CollectedSignature[]): CollectedSignature | undefined {
  return answers.find((answer) => {
    const item = findItem(challenge, answer.txid, answer.input);
    return (
      item === undefined || !verifySchnorr(hexToBytes(answer.sig), hexToBytes(item.sighash), hexToBytes(item.pubkey))
    );
  });
}

async function storeAnswer(
  deps: SessionDeps,
  tx: Tx,
  found: Answerable,
  responseEventId: string | undefined,
): Promise<Responded> {
  // A follower's head first, which is the order in which a ceremony moves its members.
  const { headId } = found.session;
  const headOf = headId === undefined ? undefined : await deps.sessions.lockHead(tx, headId);
  const session = await deps.sessions.lock(tx, found.session.sessionId);
  const challenge = await deps.challenges.findOpen(tx, found.session.id);
  // Between the look and the lock somebody may have answered, cancelled or let it run out.
  if (session === undefined || challenge?.id !== found.challenge.id) throw new AppError("challenge_used");
  const known = await deps.challenges.listSignatures(tx, challenge.id);
  const isKnown = (answer: CollectedSignature) =>
    known.some((each) => each.txid === answer.txid && each.input === answer.input);
  const fresh = found.answers.filter((answer) => !isKnown(answer));
  const have = known.length + fresh.length;
  const itemsMissing = challenge.items.length - have;
  const moved = await moveAnswered(deps, tx, session, challenge, { have, itemsMissing });
  await deps.challenges.insertSignatures(tx, challenge, fresh);
  if (itemsMissing === 0) await deps.challenges.markUsed(tx, challenge, responseEventId);
  const driven = itemsMissing === 0 && headOf !== undefined ? await wakeHead(deps, tx, headOf) : moved;
  return {
    session: moved,
    challengeId: challenge.challengeId,
    itemsAccepted: found.answers.length,
    itemsMissing,
    wakes: itemsMissing === 0 && mustDrive(driven) ? [wakeOf(driven, deps.clock.now())] : [],
  };
}

/** The head goes on when everybody has answered; it looks for itself whether that is so. */
function wakeHead(deps: SessionDeps, tx: Tx, head: Session): Promise<Session> {
  return moveSession(deps, tx, head, { wakeAt: deps.clock.now() });
}

async function moveAnswered(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  challenge: Challenge,
  count: { readonly have: number; readonly itemsMissing: number },
): Promise<Session> {
  const data = {
    challenge_id: challenge.challengeId,
    stage: challenge.stage,
    have: count.have,
    need: challenge.items.length,
  };
  const events = [{ event: "signatures", data }];
  if (count.itemsMissing > 0) return moveSession(deps, tx, session, {}, { events });
  const wake = mustDrive(session) && session.headId === undefined ? { wakeAt: deps.clock.now() } : {};
  if (challenge.stage === "checkpoint_txs") return moveSession(deps, tx, session, wake, { events });
  const moved = await moveSession(deps, tx, session, { status: "awaiting_signature", ...wake }, { events });
  // Answered in time: the inputs stay held while the ceremony is started and run, at most as long as the session lives. Those of a
  // swap are held by its head, and no longer than its silent members' challenges are open.
  if (!hasFollowers(session)) await deps.vtxos.extendLocks(tx, session.sessionId, session.expiresAt);
  return moved;
}

/** After acceptance everything runs by itself; before it only what was started. */
function mustDrive(session: Session): boolean {
  return session.autoStart || isHandedOver(session);
}

/** Three wrong answers of the signer itself end a session that arkd has not seen; afterwards they are only counted. */
async function countWrongAnswer(deps: SessionDeps, found: Answerable): Promise<void> {
  await deps.transactions.run(async (tx) => {
    const session = (await lockInOrder(deps, tx, found.session.sessionId))?.session;
    if (session === undefined || isTerminal(session)) return;
    const count = await deps.challenges.countWrongAnswer(tx, found.challenge);
    if (found.challenge.stage !== "checkpoint_txs" && count >= WRONG_ANSWERS_MAX && !isHandedOver(session)) {
      await endSession(deps, tx, session, { status: "failed", error: new AppError("signature_mismatch") });
    }
  });
}
