import { AppError, toAppError } from "../errors";
import { claimLand } from "../lightning/land-session";
import { endSession } from "../session/end-session";
import { moveCeremony, readMembers } from "../session/members";
import { NEVER_SENT, type Session, type SubmitState } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { acceptTransfer } from "./accept-transfer";
import { mustWait, QUEUE_WAIT_MS } from "./admission";
import { reconcileSubmit } from "./reconcile-submit";
import { getSessionTxs } from "./session-signatures";
import { MOVED, type StepOutcome } from "./step-outcome";
import { afterFailedSend, requireAwake, sendingAt } from "./submit-proof";

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
    if (thrown instanceof AppError && thrown.code === "invoice_used") return failUnsent(deps, session, fence, thrown);
    throw thrown;
  }
}

/**
 * Throws LocksLost when fewer than all inputs were still locked by this session, NotItsTurn, `invoice_used` when another land has the
 * hash; nothing is written then.
 */
async function persistSubmitting(
  deps: CeremonyDeps,
  session: Session,
  fence: string,
  before: SubmitState,
  inputCount: number,
): Promise<Session> {
  return deps.transactions.run(async (tx) => {
    const change = { ceremonyState: "submitting", submitState: sendingAt(before, deps.clock.now()) } as const;
    const moved = await moveCeremony(deps, tx, session, change, { fence });
    // In the order of their keys: each waits for other hand-overs of its own.
    const members = (await readMembers(deps, moved)).toSorted((a, b) => (a.userPubkey < b.userPubkey ? -1 : 1));
    for (const member of members) {
      if ((await mustWait(deps, member, tx)) !== undefined) throw new NotItsTurn();
    }
    if (!(await claimLand(deps, tx, session))) throw new NotItsTurn();
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
    moveCeremony(deps, tx, session, { submitState: sendingAt(before, deps.clock.now()) }, { fence }),
  );
  return send(deps, sending, before, fence);
}

async function send(deps: CeremonyDeps, session: Session, before: SubmitState, fence: string): Promise<StepOutcome> {
  const { txs } = await getSessionTxs(deps, session);
  const signedArkTx = txs.ark.signedPsbt ?? "";
  const checkpointTxs = txs.checkpoints.map((each) => each.unsignedPsbt);
  try {
    requireAwake(session.submitState, deps.clock.now(), deps.config.daemonTimeoutMs);
    const pending = await deps.arkd.submitTx({ signedArkTx, checkpointTxs });
    return await acceptTransfer(deps, session, txs, pending, fence);
  } catch (thrown) {
    return noteAnswer(deps, session, before, fence, toAppError(thrown));
  }
}

async function noteAnswer(
  deps: CeremonyDeps,
  session: Session,
  before: SubmitState,
  fence: string,
  error: AppError,
): Promise<StepOutcome> {
  const state = afterFailedSend(session.submitState ?? before, before, error, deps.clock.now());
  if (state !== undefined) await note(deps, session, fence, state);
  if (error.code === "daemon_rejected") return MOVED;
  throw error;
}

async function note(deps: CeremonyDeps, session: Session, fence: string, submitState: SubmitState): Promise<void> {
  await deps.transactions.run((tx) => moveCeremony(deps, tx, session, { submitState }, { fence }));
}

async function failUnsent(deps: CeremonyDeps, session: Session, fence: string, error: AppError): Promise<StepOutcome> {
  await deps.transactions.run((tx) => endSession(deps, tx, session, { status: "failed", error }, fence));
  return MOVED;
}

/** Some input is no longer ours to hand over (its lock was taken over): nothing was sent, so the session just ends. */
async function expire(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  const error = new AppError("session_expired", {
    message: "An input was taken over by another session before it was sent.",
  });
  await deps.transactions.run((tx) => endSession(deps, tx, session, { status: "expired", error }, fence));
  return MOVED;
}
