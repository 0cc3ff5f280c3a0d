import { verifyTapscriptSignatures, VtxoScript, VtxoTaprootTree, getArkPsbtFields } from "@arkade-os/sdk";
import { hex } from "@scure/base";
import { SigHash } from "@scure/btc-signer";

import { ALICE, anOutput, aVtxo, GATEWAY, NO_RANDOM } from "../testing/ark-transfer";
import { thrownBy } from "../testing/thrown-by";
import { getPendingTxProof } from "./pending-proof";
import { outpointOf, parsePsbt } from "./psbt";

const inputs = [aVtxo(GATEWAY, 1_000n, "gateway 1"), aVtxo(GATEWAY, 2_000n, "gateway 2")];

test("proves the inputs after a virtual one, signed with SIGHASH_ALL, each with its taptree", () => {
  const { proof, message } = getPendingTxProof(inputs, 1_900_000_000, GATEWAY.secretKey, NO_RANDOM);
  expect(message).toBe('{"type":"get-pending-tx","expire_at":1900000000}');
  const tx = parsePsbt(proof);
  expect([outpointOf(tx, 1), outpointOf(tx, 2)]).toEqual(inputs.map(({ vtxoId }) => vtxoId));
  for (let input = 0; input < 3; input++) {
    verifyTapscriptSignatures(tx, input, [GATEWAY.pubkey], [], [SigHash.ALL]);
    expect(tx.getInput(input).tapScriptSig?.map(([, sig]) => sig.length)).toEqual([65]);
  }
  for (const input of [1, 2]) {
    const [tapTree] = getArkPsbtFields(tx, input, VtxoTaprootTree);
    const script = VtxoScript.decode(tapTree ?? new Uint8Array()).pkScript;
    expect(hex.encode(script)).toBe(anOutput(GATEWAY, 1_000n).script);
  }
});

test("refuses to prove a VTXO of another key", () => {
  const foreign = [...inputs, aVtxo(ALICE, 1_000n, "alice 1")];
  expect(thrownBy(() => getPendingTxProof(foreign, 1, GATEWAY.secretKey, NO_RANDOM)).code).toBe("internal_error");
});
