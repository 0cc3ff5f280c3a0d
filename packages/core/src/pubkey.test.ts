import { parsePubkey } from "./pubkey";
import { thrownBy } from "./testing/thrown-by";

// The example key of NIP-19.
const HEX = "7e7e9c42a91bfef19fa929e5fda1b72e0ebc1a4c1141673e2794234d86addf4e";
const NPUB = "npub10elfcs4fr0l0r8af98jlmgdh9c8tcxjvz9qkw038js35mp4dma8qzvjptg";

test.each([HEX, NPUB, `02${HEX}`, `03${HEX}`, `02${HEX.toUpperCase()}`])("reads %s as the x-only key", (written) => {
  expect(parsePubkey(written, "user_pubkey")).toBe(HEX);
});

test.each([
  ["capital hex", HEX.toUpperCase()],
  ["an uncompressed key", `04${HEX}${HEX}`],
  ["a wrong prefix byte", `05${HEX}`],
  ["a truncated key", HEX.slice(2)],
  ["an npub with a typing error", NPUB.replace("q", "p")],
  ["a secret key", "nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5"],
  ["an x that is not on the curve", "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34"],
  ["an x above the field size", "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30"],
  ["nothing", ""],
])("refuses %s and names the field", (_what, written) => {
  const error = thrownBy(() => parsePubkey(written, "user_pubkey"));
  expect([error.code, error.errors[0]?.path]).toEqual(["invalid_request", "user_pubkey"]);
});
