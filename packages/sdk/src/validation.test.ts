import { decryptDm, encryptNip04, encryptNip44 } from "./encryption.js";
import { hexToNpub, npubToHex, signEvent, toPubkeyHex, verifyEvent } from "./nostr-utils.js";
import { alice, anIntent, bob } from "./testing/fake-gateway.js";
import { validate31341, validate31510, validate31510Detailed, validate31512 } from "./validation.js";
import { bip340SignDigest } from "./wallet-utils.js";

describe("31510", () => {
  it("accepts a transfer and names the field that is wrong in another", () => {
    expect(validate31510(anIntent())).toBe(true);
    for (const [params, path] of [
      [{ amount: 1.5 }, "params"],
      [{ amount: 0 }, "params.amount"],
      [{ fee_amount: "10" }, "params.fee_amount"],
      [{ colour: "red" }, "params"],
    ] as const) {
      const verdict = validate31510Detailed(anIntent(params));
      expect(verdict.valid).toBe(false);
      expect(verdict.errors?.map((error) => error.path)).toContain(path);
    }
  });

  it("refuses unknown keys and short action ids", () => {
    expect(validate31510({ ...anIntent(), note: "hello" })).toBe(false);
    expect(validate31510({ ...anIntent(), action_id: "short" })).toBe(false);
  });

  it("leaves the params of a solver's type to the solver, but takes integers only", () => {
    const intent = { ...anIntent(), type: "amm:swap" };
    expect(validate31510({ ...intent, params: { pool_id: "p", in_amount: 5 } })).toBe(true);
    expect(validate31510({ ...intent, params: { pool: [{ price: 0.5 }] } })).toBe(false);
  });
});

describe("31512", () => {
  const base = { session_id: "s", type: "sign_tx", payload_ref: `sha256:${"ab".repeat(32)}`, algo: "BIP340" };
  const item = { txid: "ab".repeat(32), input: 0, sig: "cd".repeat(64) };

  it("has exactly one of signature and signatures", () => {
    expect(validate31512({ ...base, signatures: [item] })).toBe(true);
    expect(validate31512({ ...base, signature: item.sig })).toBe(true);
    expect(validate31512(base)).toBe(false);
    expect(validate31512({ ...base, signature: item.sig, signatures: [item] })).toBe(false);
  });

  it("refuses another algorithm and a signature of another length", () => {
    expect(validate31512({ ...base, algo: "ECDSA", signature: item.sig })).toBe(false);
    expect(validate31512({ ...base, signature: "cd".repeat(65) })).toBe(false);
  });
});

it("31341 needs its code and action", () => {
  const failure = { status: "failure", ref_action_id: "a", code: 2001, message: "m", timestamp: 1 };
  expect(validate31341(failure)).toBe(true);
  expect(validate31341({ ...failure, code: "2001" })).toBe(false);
});

describe("Nostr basics", () => {
  it("finds a changed event, and says what is wrong with it", () => {
    const event = signEvent(alice.secretKey, 1, "hello", [["t", "x"]], 1_800_000_000);
    expect(verifyEvent(event)).toMatchObject({ ok: true, idMatches: true, signatureValid: true });
    expect(verifyEvent({ ...event, content: "bye" })).toMatchObject({ ok: false, idMatches: false });
    expect(verifyEvent({ ...event, sig: "00".repeat(64) })).toMatchObject({
      ok: false,
      idMatches: true,
      signatureValid: false,
    });
    expect(verifyEvent({ ...event, sig: "zz" }).ok).toBe(false);
  });

  it("reads keys in every documented form and refuses what is no point of the curve", () => {
    expect(npubToHex(hexToNpub(alice.pubkey))).toBe(alice.pubkey);
    for (const key of [alice.pubkey, hexToNpub(alice.pubkey), `03${alice.pubkey}`])
      expect(toPubkeyHex(key)).toBe(alice.pubkey);
    for (const key of ["ff".repeat(32), "abc", `04${alice.pubkey}`]) expect(() => toPubkeyHex(key)).toThrow();
  });

  it("decrypts both schemes", () => {
    for (const encrypt of [encryptNip44, encryptNip04]) {
      const content = encrypt(alice.secretKey, bob.pubkey, "secret ö");
      expect(decryptDm({ pubkey: alice.pubkey, content }, bob.secretKey)).toBe("secret ö");
    }
  });

  it("signs digests of 32 bytes only", () => {
    expect(bip340SignDigest(alice.secretKey, "ab".repeat(32))).toMatch(/^[0-9a-f]{128}$/);
    expect(() => bip340SignDigest(alice.secretKey, "ab".repeat(31))).toThrow(TypeError);
  });
});
