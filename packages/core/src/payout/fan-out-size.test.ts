import { buildArkTx, DEFAULT_ARK_TX_LIMITS } from "../ark/build-ark-tx";
import { vtxoScriptFor } from "../ark/vtxo-script";
import { ALICE, aVtxo, GATEWAY, TEST_ARK_PARAMS } from "../testing/ark-transfer";
import { FAN_OUT_INPUTS_MAX, fanOutSize } from "./fan-out-size";

const GOLD = `${"aa".repeat(32)}0000`;
/** Of 2^53-1 in all, on each input and output the longest amounts there can be. */
const UNITS = 2n ** 53n / 1_000n;

const { script } = vtxoScriptFor(ALICE.pubkey, TEST_ARK_PARAMS, "regtest");

/** As many inputs as a fan-out takes, all with units, and both changes. */
function fanOut(outputCount: number, carriesUnits: boolean): () => unknown {
  const units = (amount: bigint) => (carriesUnits ? { assets: [{ assetId: GOLD, amount }] } : {});
  const paid = { script, amountSats: 1_000n, ...units(UNITS) };
  const inUnits = (UNITS * BigInt(outputCount)) / BigInt(FAN_OUT_INPUTS_MAX) + UNITS;
  const inSats = 100_000n;
  const inputs = Array.from({ length: FAN_OUT_INPUTS_MAX }, (_, index) => ({
    ...aVtxo(GATEWAY, inSats, `treasury ${index}`),
    ...units(inUnits),
  }));
  const count = BigInt(FAN_OUT_INPUTS_MAX);
  const leftUnits = inUnits * count - UNITS * BigInt(outputCount);
  const leftSats = inSats * count - 1_000n * BigInt(outputCount + 1);
  const outputs = [
    ...Array.from({ length: outputCount }, () => paid),
    { script, amountSats: 1_000n, ...units(leftUnits) },
    { script, amountSats: leftSats },
  ];
  return () =>
    buildArkTx(
      TEST_ARK_PARAMS,
      inputs,
      outputs.map((output, vout) => ({ vout, ...output })),
    );
}

it.each([
  [false, 200],
  [true, 150],
])("a fan-out of full size is taken by arkd, whatever its inputs (with units: %s)", (carriesUnits, atLeast) => {
  const size = fanOutSize(DEFAULT_ARK_TX_LIMITS, carriesUnits);
  expect(size).toBeGreaterThanOrEqual(atLeast);
  expect(fanOut(size, carriesUnits)).not.toThrow();
});

it("an arkd that takes smaller transactions gets smaller ones", () => {
  const limits = { maxTxWeight: 20_000 };
  expect(fanOutSize(limits, true)).toBeLessThan(fanOutSize(DEFAULT_ARK_TX_LIMITS, true) / 2 + 1);
});
