import { mayRead, type Caller } from "../caller";
import { prepareChallenge } from "../ceremony/prepare-challenge";
import { preparePayloadChallenge } from "../ceremony/prepare-payload-challenge";
import { AppError } from "../errors";
import type { Tx } from "../ports/transactions";
import type { Wake } from "../ports/waker";
import type { Challenge } from "./challenge";
import { expireChallenge } from "./expire-challenge";
import { hasFollowers, lockInOrder } from "./members";
import { moveSession, wakeOf } from "./move-session";
import { isMirrorFresh, requestSync } from "./open-session";
import { isHandedOver, isRecovery, isTerminal, type Session } from "./session";
import type { SessionDeps } from "./session-deps";

export interface RequestedChallenge {
  readonly session: Session;
  /** undefined: the mirror is older than a minute or an earlier transfer of the key must finish first; it opens by itself. */
  readonly challenge: Challenge | undefined;
  /** Made by this call; false when one was open already. */
  readonly isNew: boolean;
  /** The vtxo_sync job that reads the user's VTXOs while the challenge is not there yet. */
  readonly syncJobId: string | undefined;
  readonly wakes: readonly Wake[];
}

/**
 * The open challenge of a session, or a new challenge 1 (steps 1-3 from local state, no daemon is asked). After an expired
 * challenge 1 a new one with a new coin selection. Errors: not_found, session_expired, wrong_state, and those of
 * `prepareChallenge`.
 */
export async function requestChallenge(
  deps: SessionDeps,
  tx: Tx,
  input: { readonly sessionId: string; readonly caller: Caller },
): Promise<RequestedChallenge> {
  const session = (await lockInOrder(deps, tx, input.sessionId))?.session;
  if (session === undefined || !mayRead(input.caller, session)) throw new AppError("not_found");
  const now = deps.clock.now();
  if (session.status === "expired") throw new AppError("session_expired");
  if (isTerminal(session))
    throw new AppError("wrong_state", { details: { status: session.status, allowed: ["initiated"] } });
  // Nobody signs for a lift.
  if (session.sessionType === "lightning_lift")
    throw new AppError("wrong_state", { details: { status: session.status, allowed: [] } });
  // After the hand-over challenge 2 stays open for as long as it takes.
  if (!isHandedOver(session) && session.expiresAt <= now) throw new AppError("session_expired");
  const open = await deps.challenges.findOpen(tx, session.id);
  if (open !== undefined && (open.stage === "checkpoint_txs" || open.expiresAt > now)) {
    return { session, challenge: open, isNew: false, syncJobId: undefined, wakes: [] };
  }
  if (hasFollowers(session)) return { ...swapWithout(session, open), isNew: false, syncJobId: undefined, wakes: [] };
  const ready = open === undefined ? session : await expireChallenge(deps, tx, session, open);
  if (ready.status !== "initiated") {
    throw new AppError("wrong_state", { details: { status: ready.status, allowed: ["initiated", "challenge_sent"] } });
  }
  return prepareOrQueue(deps, tx, ready, input.caller);
}

/** The first challenge of a swap goes to all its members at once, by itself; when one ran out, the batch is over. */
function swapWithout(session: Session, open: Challenge | undefined): Pick<RequestedChallenge, "session" | "challenge"> {
  if (open !== undefined) throw new AppError("challenge_expired", { details: { challenge_id: open.challengeId } });
  if (session.status === "initiated") return { session, challenge: undefined };
  throw new AppError("wrong_state", { details: { status: session.status, allowed: ["initiated", "challenge_sent"] } });
}

/** Prepares at once when local state suffices, else hands steps 1-3 to the worker, and an old mirror to a job that can be watched. */
export async function prepareOrQueue(
  deps: SessionDeps,
  tx: Tx,
  session: Session,
  caller: Caller,
): Promise<RequestedChallenge> {
  if (session.sessionType === "protocol_op") {
    const prepared = await preparePayloadChallenge(deps, tx, session);
    return { ...prepared, isNew: true, syncJobId: undefined, wakes: [] };
  }
  // The mirror is told of what is spendable; what arkd says of swept VTXOs only a worker reads.
  const isRead = isRecovery(session);
  const isFresh = isRead || (await isMirrorFresh(deps, session.userPubkey));
  if (isFresh && !isRead && (await isFirstInLine(deps, session))) {
    const prepared = await prepareChallenge(deps, tx, session);
    return { ...prepared, isNew: true, syncJobId: undefined, wakes: [] };
  }
  const now = deps.clock.now();
  const queued = await moveSession(deps, tx, session, { prepareSince: now, wakeAt: now });
  const sync = isFresh ? undefined : await requestSync(deps, tx, session.userPubkey, caller);
  return {
    session: queued,
    challenge: undefined,
    isNew: false,
    syncJobId: sync?.jobId,
    wakes: [wakeOf(queued, now), ...(sync?.wakes ?? [])],
  };
}

async function isFirstInLine(deps: SessionDeps, session: Session): Promise<boolean> {
  const { ofUser } = await deps.sessions.countUnfinalised(undefined, session.userPubkey, session.sessionId);
  return ofUser === 0;
}
