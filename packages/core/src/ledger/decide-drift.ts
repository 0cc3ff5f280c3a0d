import type { ExplainedPart, PreviousReconciliation } from "../ports/reconciliation-store";

/** One look at a daemon beside the ledger, at one cut. Amounts as posted. */
export interface Comparison {
  readonly external: bigint;
  readonly ledger: bigint;
  readonly explained: readonly ExplainedPart[];
  /** The daemon rounds: an unexplained rest up to this says nothing. */
  readonly rounding: bigint;
  readonly postingId: bigint;
}

/** What is left of the difference after all that is known to be under way; 0 when it is rounding. */
export function unexplainedOf(comparison: Omit<Comparison, "postingId">): bigint {
  const known = comparison.explained.reduce((sum, part) => sum + part.amount, 0n);
  const rest = comparison.external - comparison.ledger - known;
  const size = rest < 0n ? -rest : rest;
  return size <= comparison.rounding ? 0n : rest;
}

/** Runs nearer to each other (a retry, an operator's) see one and the same moment: a step that a dead worker left takes longer to be done. */
const RUNS_APART_MS = 5 * 60_000;

/**
 * A difference counts when it stands in two consecutive runs without a posting between: one alone may be something that happened at
 * the daemon a moment before its posting. One that has counted goes on counting, postings or not, for as long as it stays the same.
 */
export function decideDrift(now: Comparison, previous: PreviousReconciliation | undefined): bigint {
  const rest = unexplainedOf(now);
  if (rest === 0n || previous === undefined) return 0n;
  const before = unexplainedOf({ ...previous, rounding: now.rounding });
  const moved = rest - before < 0n ? before - rest : rest - before;
  if (moved > now.rounding) return 0n;
  if (previous.drift !== 0n) return rest;
  return previous.postingId === now.postingId && previous.ageMs >= RUNS_APART_MS ? rest : 0n;
}
