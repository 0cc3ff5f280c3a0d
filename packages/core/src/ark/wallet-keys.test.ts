import { hkdfSync } from "node:crypto";

import { hex } from "@scure/base";

import { thrownBy } from "../testing/thrown-by";
import { deriveGatewayKeys, GATEWAY_KEY_NAMES } from "./wallet-keys";

const seed = new Uint8Array(32).fill(1);

test("keys are those of HKDF-SHA256 by another implementation", () => {
  const keys = deriveGatewayKeys(seed);
  for (const name of GATEWAY_KEY_NAMES) {
    const expected = new Uint8Array(hkdfSync("sha256", seed, "arkrelay/gateway-wallet/v1", name, 32));
    expect(hex.encode(keys[name].secretKey)).toBe(hex.encode(expected));
  }
});

test("the public keys of a seed never change: VTXOs are locked to them", () => {
  const pubkeys = Object.entries(deriveGatewayKeys(seed)).map(([name, { pubkey }]) => [name, pubkey]);
  expect(Object.fromEntries(pubkeys)).toMatchInlineSnapshot(`
{
  "fee": "6fd8e568d396abeca42b12526f2f497a9b8dffda718b93c663b6158aeee7bafe",
  "land": "380067c5a7b611f0183c4524aeff43a255756e3934c99b4fc398309ae34ae9e9",
  "stock": "5bf8a75dc55899814b050a2aad6ea427d1070143a7ec505e09a0d2ff70a4fb31",
  "treasury": "281dd4a36e6fc7df4ad6e19c227b2350207345348c05bccf883618572e95a08a",
  "used": "d996955a626af708a15c1c42d82f225fb3f7753329470b154b8087ea5bab238d",
}
`);
});

test("each purpose and each seed has keys of its own", () => {
  const all = [seed, new Uint8Array(32).fill(2)].flatMap((bytes) =>
    Object.values(deriveGatewayKeys(bytes)).map(({ pubkey }) => pubkey),
  );
  expect(new Set(all).size).toBe(10);
});

test("a seed of another length is refused", () => {
  expect(thrownBy(() => deriveGatewayKeys(seed.subarray(1))).code).toBe("internal_error");
});
