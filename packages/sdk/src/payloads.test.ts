import { buildIntent31510, canonicalJson, payloadRef, sessionIdOfIntent, taggedHash } from "./payloads.js";

describe("canonicalJson", () => {
  it("sorts keys by code point at every level, without spaces and with raw UTF-8", () => {
    expect(canonicalJson({ b: [1, { z: "ö", a: null }], a: true })).toBe('{"a":true,"b":[1,{"a":null,"z":"ö"}]}');
    // U+1F600 sorts after U+FF5E by code point, before it by UTF-16 unit.
    expect(canonicalJson({ "\u{1F600}": 1, "\uFF5E": 2 })).toBe('{"\uFF5E":2,"\u{1F600}":1}');
  });

  it("refuses what is no integer JSON", () => {
    for (const bad of [0.1, 2 ** 53, Number.NaN, 1n, "\uD800", () => 1]) {
      expect(() => canonicalJson({ bad })).toThrow(TypeError);
    }
  });
});

describe("digests", () => {
  it("follow their definitions", () => {
    expect(payloadRef({ a: 1 })).toBe("sha256:015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862");
    expect(taggedHash("BIP0340/challenge", "")).toMatch(/^[0-9a-f]{64}$/);
    expect(sessionIdOfIntent("00".repeat(32))).toHaveLength(64);
    expect(sessionIdOfIntent("00".repeat(32))).not.toBe(sessionIdOfIntent("01".repeat(32)));
  });
});

describe("buildIntent31510", () => {
  it("sets every tag the gateway and the relays need", () => {
    const draft = buildIntent31510("action-01", "p2p_transfer", { amount: 5 }, 1_800_000_000, {
      gatewayPubkey: "ab".repeat(32),
    });
    expect(draft.tags).toEqual([
      ["p", "ab".repeat(32)],
      ["d", "action-01"],
      ["v", "1"],
      ["expiration", "1800000000"],
    ]);
    expect(JSON.parse(draft.content)).toEqual(draft.intent);
  });

  it("refuses a float amount", () => {
    const build = () => buildIntent31510("action-01", "p2p_transfer", { amount: 1.5 }, 1, { gatewayPubkey: "" });
    expect(build).toThrow(TypeError);
  });
});
