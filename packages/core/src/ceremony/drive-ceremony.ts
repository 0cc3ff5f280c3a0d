import { AppError } from "../errors";
import type { Wake } from "../ports/waker";
import { payRenewal } from "../renewal/pay-renewal";
import { endSession } from "../session/end-session";
import { isAwaitingBatch, isHandedOver, isTerminal, type Session } from "../session/session";
import type { CeremonyDeps } from "../session/session-deps";
import { QUEUE_WAIT_MS } from "./admission";
import { awaitArkSignatures } from "./await-ark-signatures";
import { awaitCheckpointSignatures } from "./await-checkpoint-signatures";
import { finalizeTransfer, recoverFinalize } from "./finalize-transfer";
import { publishTransfer } from "./publish-transfer";
import { runPreparation } from "./run-preparation";
import { MOVED, type StepOutcome } from "./step-outcome";
import { recoverSubmit, submitTransfer } from "./submit-transfer";

export interface DriveInput {
  readonly sessionId: string;
  /** Token of the worker's attempt: every write carries it, so a stalled worker cannot move the session. */
  readonly fence: string;
  readonly signal?: AbortSignal;
  /** Told before each turn; what it gives back is called when the turn is over, however it ends. */
  readonly onTurn?: (session: Session) => () => void;
}

export interface DriveResult {
  /** When the session is due again by itself; undefined = it ended, or only a wake can move it. */
  readonly nextAt: Date | undefined;
  /** Other rows that became runnable. */
  readonly wakes?: readonly Wake[];
}

/** A whole ceremony takes 8 turns; more than this means that steps undo each other. */
const TURNS_MAX = 32;

/**
 * Drives one session as far as it goes: each turn reads the persisted state and runs the one step that is due, so it can be
 * killed anywhere and run again. A session that arkd has nothing of yet comes back a moment later while MAX_CONCURRENT_SESSIONS
 * older ones are driven: the oldest always go on, and what is handed over never waits. Throws the AppError of a step that should
 * be tried again later.
 */
export async function driveCeremony(deps: CeremonyDeps, input: DriveInput): Promise<DriveResult> {
  let known: Session | undefined;
  for (let turn = 0; turn < TURNS_MAX; turn++) {
    input.signal?.throwIfAborted();
    const session = known ?? (await deps.sessions.find(input.sessionId));
    if (session === undefined || isTerminal(session)) return { nextAt: undefined };
    // Its head moves it.
    if (session.headId !== undefined) return { nextAt: undefined };
    // A lift has no ceremony and no timer: its session moves and ends with its row (lightning/drive-lift.ts).
    if (session.sessionType === "lightning_lift") return { nextAt: undefined };
    if (turn === 0 && !isHandedOver(session) && (await hasNoTurn(deps, session))) {
      return { nextAt: new Date(deps.clock.now().getTime() + QUEUE_WAIT_MS) };
    }
    const endTurn = input.onTurn?.(session);
    const outcome = await runTurn(deps, session, input.fence).finally(endTurn);
    if (outcome.kind === "wait") return { nextAt: outcome.until };
    // A land or a renewal that was received is not through; from here on its row or its payout moves the session.
    if (outcome.wakes !== undefined) return { nextAt: undefined, wakes: outcome.wakes };
    known = outcome.session;
  }
  throw new AppError("internal_error", {
    internal: `session ${input.sessionId} does not settle in ${TURNS_MAX} turns`,
  });
}

async function hasNoTurn(deps: CeremonyDeps, session: Session): Promise<boolean> {
  return (await deps.sessions.countDrivenBefore(session.sessionId)) >= deps.config.maxConcurrentSessions;
}

async function runTurn(deps: CeremonyDeps, session: Session, fence: string): Promise<StepOutcome> {
  if (!isHandedOver(session) && session.expiresAt <= deps.clock.now()) {
    await deps.transactions.run((tx) =>
      endSession(deps, tx, session, { status: "expired", error: new AppError("session_expired") }, fence),
    );
    return MOVED;
  }
  switch (session.ceremonyState) {
    case "intent_received":
      return runPreparation(deps, session, fence);
    case "ark_tx_prepared":
      return awaitArkSignatures(deps, session, fence);
    case "ark_sigs_collected":
      // Whoever takes part in arkd's batches moves it (renewal/recover-in-batch.ts).
      if (isAwaitingBatch(session)) return { kind: "wait", until: undefined };
      return submitTransfer(deps, session, fence);
    case "submitting":
      return recoverSubmit(deps, session, fence);
    case "accepted":
      return awaitCheckpointSignatures(deps, session, fence);
    case "checkpoint_sigs_collected":
      return finalizeTransfer(deps, session, fence);
    case "finalizing":
      return recoverFinalize(deps, session, fence);
    case "finalized":
      // Of a land: its row ends the session.
      if (session.sessionType === "lightning_land") return { kind: "wait", until: undefined };
      if (session.intent.type === "vtxo_renew") return payRenewal(deps, session, fence);
      return publishTransfer(deps, session, fence);
    case "published":
    case "failed":
    case "expired_before_submit":
      return { kind: "wait", until: undefined };
  }
}
