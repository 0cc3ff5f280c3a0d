import { buildOffchainTx, CSVMultisigTapscript } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import {
  ALICE,
  anOutput,
  aTransfer,
  aVtxo,
  BOB,
  GATEWAY,
  TEST_ARK_PARAMS,
  ARKD_SIGNER,
  signArkTx,
} from "../testing/ark-transfer";
import { thrownBy } from "../testing/thrown-by";
import { buildArkTx, DEFAULT_ARK_TX_LIMITS } from "./build-ark-tx";
import { outpointOf, parsePsbt, toPsbt } from "./psbt";
import { arkTxWeight } from "./tx-weight";
import type { ArkInput, ArkOutput } from "./types";
import { defaultVtxoScript } from "./vtxo-script";

const ANCHOR = "51024e73";
/** Vector 5 of BIP340: no point has this x. */
const OFF_CURVE = "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34";

test("builds the same bytes every time", () => {
  expect(aTransfer()).toEqual(aTransfer());
});

test("builds what the SDK's own builder builds", () => {
  const inputs = [aVtxo(ALICE, 10_000n, "one"), { ...aVtxo(GATEWAY, 1_000n, "two"), exitDelay: 144 }];
  const outputs = [anOutput(BOB, 9_000n), anOutput(GATEWAY, 2_000n)];
  const { arkTx, checkpoints } = buildOffchainTx(
    inputs.map((input) => {
      const script = defaultVtxoScript(input.ownerPubkey, input);
      const { txid, vout, amountSats } = input;
      return { txid, vout, value: Number(amountSats), tapTree: script.encode(), tapLeafScript: script.forfeit() };
    }),
    outputs.map(({ script, amountSats }) => ({ script: hex.decode(script), amount: amountSats })),
    CSVMultisigTapscript.decode(hex.decode(TEST_ARK_PARAMS.checkpointTapscript)),
  );
  const built = buildArkTx(TEST_ARK_PARAMS, inputs, outputs);
  expect([built.arkPsbt, ...built.checkpoints.map(({ psbt }) => psbt)]).toEqual([arkTx, ...checkpoints].map(toPsbt));
});

test("input i spends checkpoint i, outputs keep their order, the anchor comes last", () => {
  const { txid, arkPsbt, checkpoints } = aTransfer();
  const arkTx = parsePsbt(arkPsbt);
  expect(arkTx.id).toBe(txid);
  expect(checkpoints.map((_, i) => outpointOf(arkTx, i))).toEqual(checkpoints.map(({ txid }) => `${txid}:0`));
  expect(checkpoints.map(({ psbt }) => outpointOf(parsePsbt(psbt), 0))).toEqual(
    checkpoints.map(({ vtxoId }) => vtxoId),
  );
  const outputs = Array.from({ length: arkTx.outputsLength }, (_, i) => arkTx.getOutput(i));
  expect(outputs.map(({ amount }) => amount)).toEqual([50_000n, 10_000n, 1_010n, 0n]);
  expect(outputs.map(({ script }) => hex.encode(script ?? new Uint8Array())).at(-1)).toBe(ANCHOR);
});

test("signatures do not change a txid", () => {
  const { txid, arkPsbt } = aTransfer();
  expect(parsePsbt(signArkTx(arkPsbt, [ALICE, GATEWAY, ARKD_SIGNER])).id).toBe(txid);
});

test("states the weight the finalised transaction has", () => {
  const { arkPsbt } = aTransfer();
  const final = parsePsbt(signArkTx(arkPsbt, [ALICE, GATEWAY, ARKD_SIGNER]));
  final.finalize();
  expect(arkTxWeight(3, 3)).toBe(final.weight);
  expect(arkTxWeight(1, 2)).toBe(868); // measured against arkd's own count
});

function build(inputs: readonly ArkInput[], outputs: readonly ArkOutput[]) {
  return () => buildArkTx(TEST_ARK_PARAMS, inputs, outputs);
}

describe("refuses to build", () => {
  const vtxo = aVtxo(ALICE, 10_000n, "one");

  test("an output below dust", () => {
    const error = thrownBy(build([vtxo], [anOutput(BOB, 329n), anOutput(ALICE, 9_671n)]));
    expect([error.code, error.details]).toEqual(["amount_below_minimum", { minimum: 330 }]);
  });

  test("an output below or above the operator's own limits", () => {
    const limits = { ...DEFAULT_ARK_TX_LIMITS, vtxoMinSats: 1_000n, vtxoMaxSats: 9_000n };
    const paying = (sats: bigint) => () =>
      buildArkTx(TEST_ARK_PARAMS, [vtxo], [anOutput(BOB, sats), anOutput(ALICE, 10_000n - sats)], limits);
    expect(thrownBy(paying(999n)).code).toBe("amount_below_minimum");
    expect(thrownBy(paying(9_001n)).code).toBe("amount_above_maximum");
    expect(paying(1_000n)).not.toThrow();
  });

  test("more than arkd takes in one transaction", () => {
    const inputs = Array.from({ length: 93 }, (_, i) => aVtxo(ALICE, 1_000n, `many ${i}`));
    expect(thrownBy(build(inputs, [anOutput(BOB, 93_000n)])).code).toBe("too_many_inputs");
  });

  test.each([
    ["a lost sat", [vtxo], [anOutput(BOB, 9_999n)]],
    ["a sat from nowhere", [vtxo], [anOutput(BOB, 10_001n)]],
    ["the same VTXO twice", [vtxo, vtxo], [anOutput(BOB, 20_000n)]],
    ["a VTXO id that is not its outpoint", [{ ...vtxo, vout: 1 }], [anOutput(BOB, 10_000n)]],
    ["an output to a key off the curve", [vtxo], [{ script: `5120${OFF_CURVE}`, amountSats: 10_000n }]],
    ["an output that is not taproot", [vtxo], [{ script: `6a20${"11".repeat(32)}`, amountSats: 10_000n }]],
    ["an owner off the curve", [{ ...vtxo, ownerPubkey: OFF_CURVE }], [anOutput(BOB, 10_000n)]],
    ["an exit delay arkd would round", [{ ...vtxo, exitDelay: 86_400 }], [anOutput(BOB, 10_000n)]],
    ["no inputs", [], [anOutput(BOB, 10_000n)]],
    ["no outputs", [vtxo], []],
  ])("%s", (_what, inputs, outputs) => {
    expect(thrownBy(build(inputs, outputs)).code).toBe("internal_error");
  });

  test("nothing that a VTXO of an older signer needs", () => {
    const older = { ...aVtxo(GATEWAY, 1_000n, "older"), signerPubkey: BOB.pubkey, exitDelay: 144 };
    expect(build([vtxo, older], [anOutput(BOB, 11_000n)])).not.toThrow();
  });
});
