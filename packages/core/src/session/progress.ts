import { isRecovery, type CeremonyState, type Session, type SessionType } from "./session";

/** Public names of the six steps; 4 and 5 are visited twice (ark tx, then checkpoints). */
export const STEP_NAMES = [
  "intent_verification",
  "ark_transaction_prep",
  "checkpoint_transaction_prep",
  "signature_collection",
  "ark_protocol_execution",
  "finalization",
] as const;

interface Position {
  readonly step: number;
  /** Share of the ceremony that is done, 0..1. */
  readonly progress: number;
  /** Steps that are done for good. */
  readonly done: readonly number[];
}

const POSITIONS: Readonly<Record<CeremonyState, Position>> = {
  intent_received: { step: 1, progress: 0.05, done: [] },
  ark_tx_prepared: { step: 4, progress: 0.25, done: [1, 2, 3] },
  ark_sigs_collected: { step: 5, progress: 0.45, done: [1, 2, 3] },
  submitting: { step: 5, progress: 0.45, done: [1, 2, 3] },
  accepted: { step: 4, progress: 0.6, done: [1, 2, 3] },
  checkpoint_sigs_collected: { step: 5, progress: 0.8, done: [1, 2, 3, 4] },
  finalizing: { step: 5, progress: 0.8, done: [1, 2, 3, 4] },
  finalized: { step: 6, progress: 0.9, done: [1, 2, 3, 4, 5] },
  published: { step: 6, progress: 1, done: [1, 2, 3, 4, 5, 6] },
  failed: { step: 1, progress: 0, done: [] },
  expired_before_submit: { step: 1, progress: 0, done: [] },
};

/** A protocol_op moves nothing; of a lift the user signs nothing. */
const SKIPPED: Readonly<Partial<Record<SessionType, readonly number[]>>> = {
  protocol_op: [2, 3, 5],
  lightning_lift: [4],
};

/** Swept VTXOs are in no ark tx. */
const BATCHED = [3, 5];

/** The step that is due (1..6). */
export function stepOf(state: CeremonyState): number {
  return POSITIONS[state].step;
}

export function progressOf(session: Pick<Session, "ceremonyState">): number {
  return POSITIONS[session.ceremonyState].progress;
}

type Stepping = Pick<Session, "sessionType" | "ceremonyState" | "intent">;

export function completedSteps(session: Stepping): readonly string[] {
  const skipped = skippedOf(session);
  return POSITIONS[session.ceremonyState].done.filter((step) => !skipped.includes(step)).map(stepName);
}

/** Steps that sessions of a type do without. */
export function skippedSteps(session: Pick<Session, "sessionType" | "intent">): readonly string[] {
  return skippedOf(session).map(stepName);
}

function skippedOf(session: Pick<Session, "sessionType" | "intent">): readonly number[] {
  return isRecovery(session) ? BATCHED : (SKIPPED[session.sessionType] ?? []);
}

export function stepName(step: number): string {
  return STEP_NAMES[step - 1] ?? "finalization";
}

/** Which transaction the open or due signatures belong to; null when none are due any more. */
export function stageOf(session: Stepping): "ark_tx" | "checkpoint_txs" | null {
  if (session.sessionType === "protocol_op" || isRecovery(session)) return null;
  switch (session.ceremonyState) {
    case "intent_received":
    case "ark_tx_prepared":
    case "ark_sigs_collected":
    case "submitting":
      return "ark_tx";
    case "accepted":
    case "checkpoint_sigs_collected":
    case "finalizing":
      return "checkpoint_txs";
    case "finalized":
    case "published":
    case "failed":
    case "expired_before_submit":
      return null;
  }
}
