import type { Reconciliation } from "../ports/reconciliation-store";
import { decideDrift, type Comparison } from "./decide-drift";

const comparison = (changes: Partial<Comparison> = {}): Comparison => ({
  external: 900n,
  ledger: 1_000n,
  explained: [],
  rounding: 0n,
  postingId: 7n,
  ...changes,
});

const before = (changes: Partial<Reconciliation> = {}): Reconciliation => ({
  source: "lnd",
  account: "asset:ln",
  assetId: "gBTC",
  external: 900n,
  ledger: 1_000n,
  delta: -100n,
  explained: [],
  drift: 0n,
  postingId: 7n,
  at: new Date(0),
  ...changes,
});

/** The only run before, long ago. */
const after = (now: Comparison, run: Reconciliation | undefined): bigint =>
  decideDrift(now, { newest: run, apart: run });

describe("a difference", () => {
  it("does not count the first time it is seen", () => {
    expect(after(comparison(), undefined)).toBe(0n);
    expect(after(comparison(), before({ external: 1_000n }))).toBe(0n);
  });

  it("counts when it stands in the next run and nothing was posted between", () => {
    expect(after(comparison(), before())).toBe(-100n);
  });

  it("does not count yet when something was posted between, or when it changed", () => {
    expect(after(comparison({ postingId: 8n }), before())).toBe(0n);
    expect(after(comparison({ external: 899n }), before())).toBe(0n);
  });

  it("does not count yet when the run before was a moment ago: both saw the same step without its posting", () => {
    expect(decideDrift(comparison(), { newest: before(), apart: undefined })).toBe(0n);
    expect(decideDrift(comparison(), { newest: before({ drift: -100n }), apart: undefined })).toBe(-100n);
  });

  it("counts however many runs lie between the two that are apart", () => {
    expect(decideDrift(comparison(), { newest: before({ external: 950n }), apart: before() })).toBe(-100n);
  });

  it("goes on counting once it has, whatever is posted, until it is gone", () => {
    const counted = before({ drift: -100n });
    expect(after(comparison({ external: 1_400n, ledger: 1_500n, postingId: 9n }), counted)).toBe(-100n);
    expect(after(comparison({ ledger: 900n, postingId: 9n }), counted)).toBe(0n);
  });

  it("is what is left after the parts that are known to be under way", () => {
    const settled = { kind: "lift_settled", ref: "op", amount: -100n };
    expect(after(comparison({ explained: [settled] }), before())).toBe(0n);
    const half = { ...settled, amount: -60n };
    expect(after(comparison({ explained: [half] }), before({ explained: [half] }))).toBe(-40n);
  });

  it("of no more than the daemon's rounding is none", () => {
    expect(after(comparison({ rounding: 100n }), before())).toBe(0n);
    expect(after(comparison({ rounding: 99n }), before({ external: 950n }))).toBe(0n);
    expect(after(comparison({ external: 800n, rounding: 99n }), before({ external: 850n }))).toBe(-200n);
  });
});
