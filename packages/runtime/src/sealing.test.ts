import { createSealer } from "./sealing";

const oldKey = Buffer.alloc(32, 1);
const newKey = Buffer.alloc(32, 2);
const context = { table: "lightning_invoices", column: "preimage", row: "abc" };

describe("a sealed value", () => {
  it("opens under the key that sealed it, also after a rotation, and differs every time", () => {
    const before = createSealer({ key: oldKey });
    const sealed = before.seal("preimage", context);
    expect(sealed).not.toBe(before.seal("preimage", context));
    const after = createSealer({ key: newKey, previousKeys: [oldKey] });
    expect(after.open(sealed, context).toString()).toBe("preimage");
    expect(() => createSealer({ key: newKey }).open(sealed, context)).toThrow("unknown key");
  });

  it.each([
    ["table", { ...context, table: "api_keys" }],
    ["column", { ...context, column: "memo" }],
    ["row", { ...context, row: "abd" }],
    ["parts that only add up to the same text", { table: "lightning_invoicesp", column: "reimage", row: "abc" }],
  ])("does not open under another %s", (_, other) => {
    const sealer = createSealer({ key: oldKey });
    expect(() => sealer.open(sealer.seal("x", context), other)).toThrow("changed or moved");
  });

  it("does not open when a bit was flipped or the end is missing", () => {
    const sealer = createSealer({ key: oldKey });
    const [version = "", keyId = "", body = ""] = sealer.seal("a longer plain text", context).split(".");
    const bytes = Buffer.from(body, "base64url");
    const flipped = Buffer.from(bytes);
    flipped.writeUInt8(flipped.readUInt8(14) ^ 1, 14);
    for (const broken of [flipped, bytes.subarray(0, bytes.length - 1), bytes.subarray(0, 5)]) {
      expect(() => sealer.open(`${version}.${keyId}.${broken.toString("base64url")}`, context)).toThrow();
    }
    expect(() => sealer.open("plain text", context)).toThrow("not a sealed value");
  });
});
