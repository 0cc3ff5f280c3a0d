export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** Median and range over rounds: on a shared machine a mean says more about the neighbours than about us. */
export function spreadOf(values: readonly number[]): Spread {
  return { median: percentile(values, 50), min: Math.min(...values), max: Math.max(...values) };
}

/** Nearest rank; NaN when there are no values. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const index = Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1);
  return sorted[index] ?? Number.NaN;
}
