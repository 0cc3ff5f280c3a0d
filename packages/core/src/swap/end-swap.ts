import { AppError, assert, type ErrorCode } from "../errors";
import type { Tx } from "../ports/transactions";
import { failPlannedTx } from "../session/fail-planned-tx";
import { moveMembers, type Members } from "../session/members";
import { publishFailure, publishNotice } from "../session/publish-failure";
import type { Session } from "../session/session";
import type { SessionDeps } from "../session/session-deps";
import { batchInvalid, CALLED_OFF } from "./batch-error";

/** A member said no: by cancelling, or by wrong answers. */
const REFUSALS: ReadonlySet<ErrorCode> = new Set(["session_cancelled", "signature_mismatch"]);
const TIMEOUTS: ReadonlySet<ErrorCode> = new Set(["session_expired", "challenge_expired"]);

/**
 * Ends a batch that arkd has nothing of, all members together, in one transaction: sessions failed, their intents `stored` again, locks
 * released, challenges closed, planned tx failed. A 31341 goes to the submitter, which has the outcome of its batch, and to whoever
 * refused or stayed silent; the actions themselves have no outcome yet. `session` is the head, or the member whose refusal it is: then
 * its head was locked before it. Returns the session as it ended.
 */
export async function endSwap(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  cause: AppError,
  fence?: string,
): Promise<Session> {
  const head = session.headId === undefined ? session : await deps.sessions.lockHead(tx, session.headId);
  const before: Members = [head, ...(await deps.sessions.listFollowers(head.id))];
  const guilty = guiltyOf(session, before, cause);
  const error = toBatchError(cause, session, guilty);
  const change = {
    status: "failed",
    ceremonyState: "failed",
    prepareSince: null,
    intentId: null,
    errorCode: error.code,
    errorMessage: error.message,
    completedAt: deps.clock.now(),
  } as const;
  const { authorPubkey } = await getBatch(deps, tx, head);
  const isUnanswered = before.some((member) => isLeftWaiting(member, session, cause, authorPubkey));
  const members = await moveMembers(deps, tx, head, change, { fence, batch: { errorCode: error.code, isUnanswered } });
  await deps.vtxos.unlock(tx, head.sessionId);
  await failPlannedTx(deps, tx, head, error);
  for (const member of before) await releaseMember(deps, tx, member, TIMEOUTS.has(cause.code));
  await tell(deps, tx, head, guilty, error);
  const ended = members.find(({ id }) => id === session.id);
  assert(ended !== undefined, "a batch ends with all its members");
  return ended;
}

/**
 * Whether the member was asked and never answered: until time ran out, or until the submitter ended its own batch, which must not be a
 * way to lock other people's coins again and again.
 */
function isLeftWaiting(member: Session, session: Session, cause: AppError, authorPubkey: string): boolean {
  if (member.status !== "challenge_sent") return false;
  if (TIMEOUTS.has(cause.code)) return true;
  const isSubmitters = isCalledOff(cause) || (REFUSALS.has(cause.code) && session.userPubkey === authorPubkey);
  return isSubmitters && member.userPubkey !== authorPubkey;
}

async function getBatch(deps: SessionDeps, tx: Tx, head: Session) {
  const batch = await deps.swapBatches.findByHead(tx, head.id);
  assert(batch !== undefined, "the head of a swap has its batch");
  return batch;
}

/** Whom the batch failed by: nobody when it was our own trouble or the funds'. */
function guiltyOf(session: Session, members: Members, cause: AppError): readonly Session[] {
  const { code } = cause;
  if (isCalledOff(cause)) return [];
  if (REFUSALS.has(code)) return [session];
  return TIMEOUTS.has(code) ? members.filter(({ status }) => status === "challenge_sent") : [];
}

function toBatchError(cause: AppError, session: Session, guilty: readonly Session[]): AppError {
  const [first] = guilty;
  const of = first === undefined ? {} : { action_id: first.intent.actionId };
  if (isCalledOff(cause)) return batchInvalid(CALLED_OFF.reason);
  if (cause.code === "session_cancelled") return batchInvalid("refused", { action_id: session.intent.actionId });
  if (TIMEOUTS.has(cause.code)) return batchInvalid(first === undefined ? "expired" : "unanswered", of);
  // What may pass, and what says something of us, keeps its name; so does what names itself as the batch's.
  const isNamed = cause.retry !== "never" || cause.code === "batch_invalid" || cause.code === "insufficient_balance";
  return isNamed ? cause : batchInvalid(cause.code, { ...cause.details, ...of });
}

function isCalledOff({ code, details }: AppError): boolean {
  return code === "session_cancelled" && details?.["reason"] === CALLED_OFF.reason;
}

async function releaseMember(deps: SessionDeps, tx: Tx, member: Session, isTimeout: boolean): Promise<void> {
  if (member.intentId !== undefined) await deps.intents.release(tx, member.intentId);
  const open = await deps.challenges.findOpen(tx, member.id);
  if (open !== undefined) await deps.challenges.close(tx, open, isTimeout ? "expired" : "superseded");
}

async function tell(
  deps: SessionDeps,
  tx: Tx,
  head: Session,
  guilty: readonly Session[],
  error: AppError,
): Promise<void> {
  const { authorPubkey, batchId, requestEventId, delivery } = await getBatch(deps, tx, head);
  const silent = delivery === "http";
  await publishFailure(deps, tx, {
    authorPubkey,
    actionId: batchId,
    refId: batchId,
    intentEventId: requestEventId,
    silent,
    error,
  });
  for (const member of guilty) {
    if (member.userPubkey === authorPubkey) continue;
    const { actionId } = member.intent;
    const details = { ...error.details, batch_id: batchId, action_id: actionId };
    await publishNotice(deps, tx, {
      authorPubkey: member.userPubkey,
      actionId,
      refId: actionId,
      intentEventId: member.intentEventId,
      silent,
      error: new AppError(error.code, { details }),
    });
  }
}
