import { ALICE, ARKD_SIGNER, TEST_ARK_PARAMS } from "../testing/ark-transfer";
import { thrownBy } from "../testing/thrown-by";
import { parseArkAddress, toArkAddress } from "./ark-address";
import { fromArkdNetwork } from "./network";
import { vtxoScriptFor } from "./vtxo-script";

/** Vector 5 of BIP340: no point has this x. */
const OFF_CURVE = "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34";
const { script, address } = vtxoScriptFor(ALICE.pubkey, TEST_ARK_PARAMS, "regtest");

test("an address leads back to the signer and the output script", () => {
  expect(parseArkAddress(address, "regtest", "destination")).toEqual({ signerPubkey: ARKD_SIGNER.pubkey, script });
  expect(toArkAddress({ signerPubkey: ARKD_SIGNER.pubkey, script }, "regtest")).toBe(address);
});

test("mainnet has its own prefix, all other networks share one", () => {
  expect(toArkAddress({ signerPubkey: ARKD_SIGNER.pubkey, script }, "mainnet")).toMatch(/^ark1/);
  expect(address).toMatch(/^tark1/);
});

test.each([
  ["an address of another network", address, "mainnet" as const],
  ["a typing error", address.replace("q", "p"), "regtest" as const],
  ["an on-chain address", "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080", "regtest" as const],
  [
    "an output key off the curve",
    toArkAddress({ signerPubkey: ARKD_SIGNER.pubkey, script: `5120${OFF_CURVE}` }, "regtest"),
    "regtest" as const,
  ],
])("refuses %s and names the field", (_what, written, network) => {
  const error = thrownBy(() => parseArkAddress(written, network, "destination"));
  expect([error.code, error.errors[0]?.path]).toEqual(["invalid_request", "destination"]);
});

test("arkd's network names are ours, mutinynet being a signet", () => {
  expect(["bitcoin", "testnet", "signet", "mutinynet", "regtest", "liquid"].map(fromArkdNetwork)).toEqual([
    "mainnet",
    "testnet",
    "signet",
    "signet",
    "regtest",
    undefined,
  ]);
});
