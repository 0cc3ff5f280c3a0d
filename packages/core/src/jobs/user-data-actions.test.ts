import fc from "fast-check";

import { DecimalSum } from "./decimal-sum";
import { findUserDataAction, summariseUserData } from "./user-data-actions";

describe("the summary of user data", () => {
  it("counts members, bytes of the canonical form and totals per field", () => {
    const summary = summariseUserData({
      note: "é",
      items: [{ price: 0.1 }, { price: 0.2 }],
      count: 2,
      deep: { count: 5 },
    });
    expect(summary).toMatchObject({ entries: 4, numeric: { "items.price": 0.3, count: 2, "deep.count": 5 } });
    expect(summary.bytes).toBe(
      new TextEncoder().encode('{"count":2,"deep":{"count":5},"items":[{"price":0.1},{"price":0.2}],"note":"é"}')
        .length,
    );
  });

  it("gives equal data one digest, whatever the order of its keys", () => {
    expect(summariseUserData({ a: 1, b: { c: 2, d: 3 } }).sha256).toBe(
      summariseUserData({ b: { d: 3, c: 2 }, a: 1 }).sha256,
    );
  });

  it("keeps totals exact where a double would round", () => {
    expect(summariseUserData({ n: [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER] }).numeric).toEqual({
      n: "18014398509481982",
    });
  });

  it("refuses data that has no exact JSON form", () => {
    expect(() => summariseUserData({ text: "\ud800" })).toThrow("lone surrogate");
  });

  it("summarises an action nobody registered like the built-in one", () => {
    expect(findUserDataAction("signup")({ a: 1 })).toEqual(summariseUserData({ a: 1 }));
  });
});

describe("exact sums", () => {
  it("equal integer arithmetic for any integers, in any order", () => {
    fc.assert(
      fc.property(fc.array(fc.maxSafeInteger()), (values) => {
        const sum = new DecimalSum();
        for (const value of values) sum.add(value);
        expect(BigInt(sum.toJson())).toBe(values.reduce((total, value) => total + BigInt(value), 0n));
      }),
    );
  });

  it("come back to zero when everything is taken away again", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true })), (values) => {
        const sum = new DecimalSum();
        for (const value of values) sum.add(value);
        for (const value of values.toReversed()) sum.add(-value);
        expect(sum.toJson()).toBe(0);
      }),
    );
  });
});
