import { canonicalDigest, canonicalJson } from "./canonical-json";

const refusal = (value: unknown): unknown => {
  try {
    return canonicalJson(value);
  } catch (error) {
    return error;
  }
};

describe("canonical JSON", () => {
  it("writes the same text whatever the order of the keys was", () => {
    const a = { b: 1, a: { d: [1, "x", null], c: true } };
    const b = { a: { c: true, d: [1, "x", null] }, b: 1 };
    expect(canonicalJson(a)).toBe('{"a":{"c":true,"d":[1,"x",null]},"b":1}');
    expect(canonicalJson(b)).toBe(canonicalJson(a));
    expect(canonicalDigest(b)).toBe(canonicalDigest(a));
  });

  it("sorts by code point, not by UTF-16 unit", () => {
    expect(canonicalJson({ "\u{10000}": 1, "｡": 2 })).toBe('{"｡":2,"\u{10000}":1}');
  });

  it("leaves non-ASCII text raw and writes bigint as an integer", () => {
    expect(canonicalJson({ text: "Grüße ₿", sats: 2n ** 60n })).toBe('{"sats":1152921504606846976,"text":"Grüße ₿"}');
  });

  it("leaves out undefined members", () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });

  it.each([
    ["a fraction", { a: [0, 1.5] }, "a[1]"],
    ["an integer a double cannot hold", { n: 2 ** 53 }, "n"],
    ["NaN", { n: Number.NaN }, "n"],
    ["undefined in an array", [undefined], "[0]"],
    ["a lone surrogate", { text: "\ud800" }, "text"],
    ["a function", { f: () => 1 }, "f"],
  ])("refuses %s and names its place", (_what, value, path) => {
    expect(refusal(value)).toMatchObject({ code: "invalid_request", errors: [{ path }] });
  });

  it("refuses nesting that could exhaust the stack", () => {
    let deep: unknown = 1;
    for (let level = 0; level < 100; level++) deep = [deep];
    expect(refusal(deep)).toMatchObject({ code: "invalid_request" });
  });

  it("takes doubles in their shortest form only when asked to", () => {
    expect(canonicalJson({ a: 0.1, b: 1e21, c: -0 }, { numbers: "finite" })).toBe('{"a":0.1,"b":1e+21,"c":0}');
  });
});
