import type { AppError } from "../errors";
import type { SubmitState } from "../session/session";

/** A racing second call is refused with the same words as a poisoned one, so the outputs get this long to appear. */
const OUTPUTS_APPEAR_MS = 60_000;
export const FINALIZE_POLL_MS = 2_000;
/** A poisoned transaction stays visible and is looked at this often; only an operator and arkd's can mend it. */
export const POISONED_POLL_MS = 10 * 60_000;
const ARKD_INTERNAL_ERROR = 0;

/** What follows from a look that showed no outputs of an accepted transaction. */
export type FinalizeVerdict =
  | { readonly kind: "call" }
  /** Neither outputs nor a pending transaction: arkd is writing the outputs this moment, or a failed call has poisoned it. */
  | { readonly kind: "missing"; readonly state: SubmitState }
  | { readonly kind: "wait" }
  /** Nothing is sent any more. */
  | { readonly kind: "poisoned" };

export function decideFinalize(state: SubmitState, isPending: boolean, now: Date): FinalizeVerdict {
  if (state.finalizeRefusedAt === null && isPending) return { kind: "call" };
  const since = state.finalizeRefusedAt ?? state.outputsMissingSince;
  if (since === null) return { kind: "missing", state: { ...state, outputsMissingSince: now.toISOString() } };
  return now.getTime() - Date.parse(since) < OUTPUTS_APPEAR_MS ? { kind: "wait" } : { kind: "poisoned" };
}

/**
 * INTERNAL_ERROR is what arkd answers to a transaction that is "not in a valid stage": it was finalised by a racing call, or a
 * failed one has poisoned it. Every other refusal leaves it pending, so the next look decides whether to call again.
 */
export function afterFinalizeRefusal(
  state: SubmitState,
  refusal: AppError,
  now: Date,
): { readonly state: SubmitState; readonly isWrongStage: boolean } {
  const isWrongStage = Number(refusal.details?.["daemon_code"]) === ARKD_INTERNAL_ERROR;
  const finalizeRefusedAt = state.finalizeRefusedAt ?? (isWrongStage ? now.toISOString() : null);
  return { state: { ...state, finalizeRefusedAt }, isWrongStage };
}
