import { backoffMs } from "./backoff";

describe("backoff", () => {
  it("doubles from the base and stops at the maximum", () => {
    const backoff = { kind: "exponential", baseMs: 1_000, maxMs: 30_000 } as const;
    expect([1, 2, 3, 4, 5, 6, 7, 1_000_000].map((tries) => backoffMs(backoff, tries))).toEqual([
      1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000,
    ]);
  });

  it("stays the same when fixed", () => {
    expect([1, 2, 9].map((tries) => backoffMs({ kind: "fixed", baseMs: 10_000, maxMs: 10_000 }, tries))).toEqual([
      10_000, 10_000, 10_000,
    ]);
  });
});
