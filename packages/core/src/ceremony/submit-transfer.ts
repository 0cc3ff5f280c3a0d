import { AppError, toAppError } from "../errors";
import { endSession } from "../session/end-session";
import { moveSession } from "../session/move-session";
import { NEVER_SENT, type Session, type SubmitState } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { acceptTransfer } from "./accept-transfer";
import { mustWait, QUEUE_WAIT_MS } from "./admission";
import { reconcileSubmit } from "./reconcile-submit";
import { getSessionTxs } from "./session-signatures";
import { MOVED, type StepOutcome } from "./step-outcome";

/**
 * Step 5a: persists `submitting` and makes the locks endless in one transaction, then sends. From that commit on arkd may
 * have the transaction, so every further step starts with a look at its inputs.
 */
export async function submitTransfer(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const inputs = await deps.sessionTxs.listInputs(session.id);
  const before = session.submitState ?? NEVER_SENT;
  try {
    const submitting = await persistSubmitting(deps, session, fence, before, inputs.length);
    return await send(deps, submitting, before, fence);
  } catch (thrown) {
    if (thrown instanceof LocksLost) return expire(deps, session, fence);
    if (thrown instanceof NotItsTurn)
      return { kind: "wait", until: new Date(deps.clock.now().getTime() + QUEUE_WAIT_MS) };
    throw thrown;
  }
}

/** Throws LocksLost when fewer than all inputs were still locked by this session, NotItsTurn; nothing is written then. */
async function persistSubmitting(
  deps: CeremonyDeps,
  session: Session,
  fence: string,
  before: SubmitState,
  inputCount: number,
): Promise<Session> {
  return deps.transactions.run(async (tx) => {
    const change = { ceremonyState: "submitting", submitState: sendingNow(deps, before) } as const;
    const moved = await moveSession(deps, tx, session, change, { fence });
    if ((await mustWait(deps, session, tx)) !== undefined) throw new NotItsTurn();
    const locked = await deps.vtxos.extendLocks(tx, session.sessionId, null);
    if (locked !== inputCount) throw new LocksLost();
    return moved;
  });
}

/** Roll the transaction back; never leave this file. */
class LocksLost extends Error {}
class NotItsTurn extends Error {}

/** State `submitting` as a restart finds it: nothing is sent before arkd was asked what it knows. */
export async function recoverSubmit(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const verdict = await reconcileSubmit(deps, session, fence);
  if (verdict.kind !== "resubmit") return verdict;
  const before = session.submitState ?? NEVER_SENT;
  const sending = await deps.transactions.run((tx) =>
    moveSession(deps, tx, session, { submitState: sendingNow(deps, before) }, { fence }),
  );
  return send(deps, sending, before, fence);
}

async function send(deps: CeremonyDeps, session: Session, before: SubmitState, fence: string): Promise<StepOutcome> {
  const { txs } = await getSessionTxs(deps, session);
  const signedArkTx = txs.ark.signedPsbt ?? "";
  const checkpointTxs = txs.checkpoints.map((each) => each.unsignedPsbt);
  try {
    requireAwake(deps, session);
    const pending = await deps.arkd.submitTx({ signedArkTx, checkpointTxs });
    return await acceptTransfer(deps, session, txs, pending, fence);
  } catch (thrown) {
    return noteAnswer(deps, session, before, fence, toAppError(thrown));
  }
}

/**
 * A process may sleep between writing its send down and sending (a paused machine). By then another one may have proven the
 * transaction dead and freed its inputs, so what was written down too long ago is not sent any more.
 */
function requireAwake(deps: CeremonyDeps, session: Session): void {
  const writtenAt = Date.parse(session.submitState?.lastUnansweredAt ?? "");
  if (deps.clock.now().getTime() - writtenAt < deps.config.daemonTimeoutMs) return;
  throw new AppError("daemon_unavailable", {
    internal: "the send was written down too long ago",
    details: { service: "arkd" },
  });
}

/** Keeps "refused", "not sent" and "unknown" apart; what follows from each is decided by a look at the inputs. */
async function noteAnswer(
  deps: CeremonyDeps,
  session: Session,
  before: SubmitState,
  fence: string,
  error: AppError,
): Promise<StepOutcome> {
  const sent = session.submitState ?? before;
  if (error.code === "daemon_rejected") {
    const refusal = { code: detail(error, "daemon_code"), name: detail(error, "daemon_name") };
    await note(deps, session, fence, { ...sent, lastUnansweredAt: before.lastUnansweredAt, refusal });
    return MOVED;
  }
  if (error.code === "daemon_unavailable" || error.code === "daemon_auth_failed") {
    await note(deps, session, fence, { ...sent, lastUnansweredAt: before.lastUnansweredAt });
  }
  // What counts is when we gave up waiting: a call may have spent long in queues and retries before that.
  if (error.code === "outcome_unknown")
    await note(deps, session, fence, { ...sent, lastUnansweredAt: deps.clock.now().toISOString() });
  throw error;
}

function detail(error: AppError, key: string): string {
  const value = error.details?.[key];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

async function note(deps: CeremonyDeps, session: Session, fence: string, submitState: SubmitState): Promise<void> {
  await deps.transactions.run((tx) => moveSession(deps, tx, session, { submitState }, { fence }));
}

function sendingNow(deps: CeremonyDeps, before: SubmitState): SubmitState {
  return { ...before, sends: before.sends + 1, lastUnansweredAt: deps.clock.now().toISOString(), cleanReadAt: null };
}

/** Some input is no longer ours to hand over (its lock was taken over): nothing was sent, so the session just ends. */
async function expire(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const error = new AppError("session_expired", {
    message: "An input was taken over by another session before it was sent.",
  });
  await deps.transactions.run((tx) => endSession(deps, tx, session, { status: "expired", error }, fence));
  return MOVED;
}
