import { addCaveat, mintMacaroon } from "./macaroon";
import { MacaroonBakery } from "./macaroon-bakery";
import { decodeMacaroonId, parseMacaroonOp } from "./macaroon-id";
import { parseMacaroon, serializeMacaroon } from "./macaroon-v2";

const NOW_MS = Date.parse("2026-01-01T00:00:00Z");
const PATH = "/lnrpc.Lightning/ListInvoices";
const readInvoices = [parseMacaroonOp("invoices:read")];

function aBakery(secret = "secret", rootKeyIds = new Set(["0", "7"])): MacaroonBakery {
  return new MacaroonBakery("lnd", Buffer.from(secret), rootKeyIds, () => NOW_MS);
}

function hexOf(macaroon: Uint8Array): string {
  return Buffer.from(macaroon).toString("hex");
}

function withCaveat(macaroon: Uint8Array, caveat: string): string {
  return hexOf(serializeMacaroon(addCaveat(parseMacaroon(macaroon), Buffer.from(caveat))));
}

describe("macaroons", () => {
  it("tell their root key and ops to whoever reads them, in the version 2 format", () => {
    const ops = ["info:read", "offchain:read", "offchain:write"].map(parseMacaroonOp);
    const macaroon = parseMacaroon(aBakery().bake("7", ops));
    expect(macaroon.location).toBe("lnd");
    expect(decodeMacaroonId(macaroon.id)).toMatchObject({ rootKeyId: "7", ops });
  });

  // The example of libmacaroons' README.
  it("are signed by the same chain as everyone else's", () => {
    const rootKey = Buffer.from("this is our super secret key; only we should know it");
    const macaroon = mintMacaroon(rootKey, "http://mybank/", Buffer.from("we used our secret key"));
    expect(hexOf(macaroon.signature)).toBe("e3d9e02908526c4c0039ae15114115d97fdd68bf2ba379b342aaf0f617d0552f");
    expect(hexOf(addCaveat(macaroon, Buffer.from("test = caveat")).signature)).toBe(
      "197bac7a044af33332865b9266e26d493bdd668a660e44d88ce1a998c23dbd67",
    );
  });

  it("are the same after a restart", () => {
    expect(hexOf(aBakery().bake("0", readInvoices))).toBe(hexOf(aBakery().bake("0", readInvoices)));
  });

  it("allow what all their ops together allow", () => {
    const macaroon = hexOf(aBakery().bake("0", [...readInvoices, parseMacaroonOp("invoices:write")]));
    aBakery().authorise([macaroon], [...readInvoices, parseMacaroonOp("invoices:write")], PATH);
  });

  it("allow a method that they name by its path, and no other", () => {
    const macaroon = hexOf(aBakery().bake("0", [parseMacaroonOp(`uri:${PATH}`)]));
    aBakery().authorise([macaroon], readInvoices, PATH);
    expect(() => aBakery().authorise([macaroon], readInvoices, "/lnrpc.Lightning/LookupInvoice")).toThrow(
      "permission denied",
    );
  });

  it("can be narrowed by a deadline", () => {
    const macaroon = aBakery().bake("0", readInvoices);
    aBakery().authorise([withCaveat(macaroon, "time-before 2026-01-01T00:00:01Z")], readInvoices, PATH);
    expect(() =>
      aBakery().authorise([withCaveat(macaroon, "time-before 2025-12-31T00:00:00Z")], readInvoices, PATH),
    ).toThrow("macaroon has expired");
  });

  const valid = aBakery().bake("0", readInvoices);
  const changed = Buffer.from(valid);
  changed[changed.length - 1] = (changed.at(-1) ?? 0) ^ 1;
  it.each([
    ["none at all", [], "expected 1 macaroon, got 0"],
    ["two of them", [hexOf(valid), hexOf(valid)], "expected 1 macaroon, got 2"],
    ["too little rights", [hexOf(aBakery().bake("0", [parseMacaroonOp("info:read")]))], "permission denied"],
    [
      "a root key that does not exist",
      [hexOf(aBakery("secret", new Set(["9"])).bake("9", readInvoices))],
      "cannot retrieve macaroon: cannot get macaroon: root key with id 9 doesn't exist",
    ],
    [
      "another node's root key",
      [hexOf(aBakery("other").bake("0", readInvoices))],
      "verification failed: signature mismatch after caveat verification",
    ],
    ["a changed byte", [hexOf(changed)], "verification failed: signature mismatch after caveat verification"],
    ["an unknown caveat", [withCaveat(valid, "colour red")], 'caveat "colour red" not satisfied'],
    ["no hex", ["zz"], "encoding/hex: invalid byte"],
    ["no macaroon", ["00ff"], "unmarshal macaroon"],
  ])("refuse %s in lnd's words", (_name, values, text) => {
    expect(() => aBakery().authorise(values, readInvoices, PATH)).toThrow(text);
  });
});
