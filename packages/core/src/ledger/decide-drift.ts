import type { ExplainedPart, Reconciliation } from "../ports/reconciliation-store";

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
export const RUNS_APART_MS = 5 * 60_000;

/** The runs before this one; undefined = there was none. */
export interface EarlierRuns {
  readonly newest: Reconciliation | undefined;
  /** The newest that is RUNS_APART_MS old. */
  readonly apart: Reconciliation | undefined;
}

/**
 * A difference counts when it stands in two runs, apart from each other, without a posting between: one alone may be something that
 * happened at the daemon a moment before its posting. One that has counted goes on counting, postings or not, for as long as it stays
 * the same.
 */
export function decideDrift(now: Comparison, { newest, apart }: EarlierRuns): bigint {
  const rest = unexplainedOf(now);
  if (rest === 0n) return 0n;
  if (newest !== undefined && newest.drift !== 0n && isAsBefore(now, newest)) return rest;
  return apart?.postingId === now.postingId && isAsBefore(now, apart) ? rest : 0n;
}

function isAsBefore(now: Comparison, earlier: Reconciliation): boolean {
  const moved = unexplainedOf(now) - unexplainedOf({ ...earlier, rounding: now.rounding });
  return (moved < 0n ? -moved : moved) <= now.rounding;
}
