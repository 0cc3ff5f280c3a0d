import { AppError } from "../errors";
import type { CeremonyState, SessionStatus } from "./session";

/**
 * Both machines of a session as tables: what is not listed is refused. `docs/states/session.md` and
 * `docs/states/ceremony.md` draw them, and a test keeps drawing and table equal.
 */
export const SESSION_TRANSITIONS: Readonly<Record<SessionStatus, readonly SessionStatus[]>> = {
  // Straight to signing: a lift, of which the user signs nothing.
  initiated: ["challenge_sent", "signing", "failed", "expired"],
  // Back to initiated: challenge 1 expired, its locks are released, the session itself still lives.
  challenge_sent: ["awaiting_signature", "initiated", "failed", "expired"],
  // Answered: its locks now last as long as the session, so there is no way back to initiated.
  awaiting_signature: ["challenge_sent", "signing", "failed", "expired"],
  signing: ["completed", "failed", "expired", "challenge_sent"],
  completed: [],
  failed: [],
  expired: [],
};

export const CEREMONY_TRANSITIONS: Readonly<Record<CeremonyState, readonly CeremonyState[]>> = {
  intent_received: ["ark_tx_prepared", "failed", "expired_before_submit"],
  ark_tx_prepared: ["ark_sigs_collected", "intent_received", "failed", "expired_before_submit"],
  ark_sigs_collected: ["submitting", "failed", "expired_before_submit"],
  // Backwards only after a definite refusal: rebuilt once (ark_tx_prepared), or failed.
  submitting: ["accepted", "ark_tx_prepared", "failed"],
  accepted: ["checkpoint_sigs_collected"],
  checkpoint_sigs_collected: ["finalizing"],
  finalizing: ["finalized"],
  finalized: ["published"],
  published: [],
  failed: [],
  expired_before_submit: [],
};

/** Same to same is a no-op, not a transition. */
export function canMoveSession(from: SessionStatus, to: SessionStatus): boolean {
  return from === to || SESSION_TRANSITIONS[from].includes(to);
}

export function canMoveCeremony(from: CeremonyState, to: CeremonyState): boolean {
  return from === to || CEREMONY_TRANSITIONS[from].includes(to);
}

/** Where a session over a payload goes when it is answered: arkd has no part in it, so it passes through in one step. */
export const WITHOUT_ARKD: readonly Position[] = [
  { status: "signing", ceremonyState: "ark_sigs_collected" },
  { status: "signing", ceremonyState: "submitting" },
  { status: "signing", ceremonyState: "accepted" },
  { status: "signing", ceremonyState: "checkpoint_sigs_collected" },
  { status: "signing", ceremonyState: "finalizing" },
  { status: "signing", ceremonyState: "finalized" },
];

interface Position {
  readonly status: SessionStatus;
  readonly ceremonyState: CeremonyState;
}

/** Throws `wrong_state` with what would have been allowed. Every write of a session passes here first. */
export function assertMove(from: Position, to: Partial<Position>): void {
  const status = to.status ?? from.status;
  const ceremonyState = to.ceremonyState ?? from.ceremonyState;
  if (!canMoveSession(from.status, status)) {
    throw new AppError("wrong_state", { details: { status: from.status, allowed: SESSION_TRANSITIONS[from.status] } });
  }
  if (!canMoveCeremony(from.ceremonyState, ceremonyState)) {
    throw new AppError("wrong_state", {
      details: { status: from.ceremonyState, allowed: CEREMONY_TRANSITIONS[from.ceremonyState] },
    });
  }
}
