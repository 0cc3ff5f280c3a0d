import { randomBytes } from "node:crypto";

import { createGatewayIdentity, loadGatewayIdentity } from "./gateway-identity";
import { GatewayKeyError } from "./gateway-key";
import { sealedKeyLines } from "./sealed-key-lines";

const SECRET = "21".repeat(32);
const OPENER = randomBytes(32);

/** The gateway as it starts with what the command printed. */
function startWith(lines: readonly string[]) {
  const sealedKey = /^GATEWAY_NOSTR_PRIVATE_KEY=(\S+)$/m.exec(lines.join("\n"))?.[1];
  return loadGatewayIdentity({ privateKey: undefined, sealedKey, encryptionKey: OPENER });
}

test("a key that was sealed is the gateway's identity again, and its public key stands beside it", () => {
  const lines = sealedKeyLines(`${SECRET}\n`, OPENER);
  const { pubkey } = createGatewayIdentity(new Uint8Array(Buffer.from(SECRET, "hex")));
  expect(lines[0]).toBe(`# public key ${pubkey}`);
  expect(startWith(lines).pubkey).toBe(pubkey);
  expect(lines.join("\n")).not.toContain(SECRET);
});

test("a key that was made is another one each time, and never shown", () => {
  const [first, second] = [sealedKeyLines(undefined, OPENER), sealedKeyLines(undefined, OPENER)];
  expect(first[0]).toBe(`# public key ${startWith(first).pubkey}`);
  expect(startWith(second).pubkey).not.toBe(startWith(first).pubkey);
});

test("what is no key is refused without being repeated", () => {
  const seal = () => sealedKeyLines("correct horse", OPENER);
  expect(seal).toThrow(GatewayKeyError);
  expect(seal).not.toThrow(/horse/);
});
