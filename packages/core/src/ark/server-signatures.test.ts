import { hex } from "@scure/base";

import {
  ALICE,
  ARKD_FORFEIT,
  ARKD_SIGNER,
  aTransfer,
  GATEWAY,
  signArkTx,
  signCheckpoints,
} from "../testing/ark-transfer";
import { thrownBy } from "../testing/thrown-by";
import { ArkPsbt } from "./ark-psbt";
import { parsePsbt, toPsbt } from "./psbt";
import { matchServerCheckpoints, verifyServerSignedArkTx } from "./server-signatures";
import { verifyFinalizable, verifySubmittable } from "./verify-finalizable";

const { arkPsbt, checkpoints } = aTransfer();
const unsigned = checkpoints.map(({ psbt }) => psbt);
const submitted = signArkTx(arkPsbt, [ALICE, GATEWAY]);
const accepted = signArkTx(submitted, [ARKD_SIGNER]);
const byArkd = signCheckpoints(unsigned, [ARKD_SIGNER]);

/** Puts 64 arbitrary bytes where arkd's signature belongs. */
function withForgedServerSignature(psbt: string): string {
  const tx = ArkPsbt.parse(psbt);
  tx.addSignature(0, ARKD_SIGNER.pubkey, new Uint8Array(64).fill(1));
  return tx.encode();
}

describe("after SubmitTx", () => {
  test("a transfer that owners and arkd signed is complete", () => {
    verifySubmittable({ arkPsbt: submitted, checkpointPsbts: unsigned });
    const finalArk = verifyServerSignedArkTx(submitted, accepted);
    const matched = matchServerCheckpoints(unsigned, byArkd);
    verifyFinalizable({ arkPsbt: finalArk, checkpointPsbts: signCheckpoints(matched, [ALICE, GATEWAY]) });
  });

  test("checkpoints come back in any order and are put into ours", () => {
    const inOrder = matchServerCheckpoints(unsigned, byArkd);
    expect(matchServerCheckpoints(unsigned, [...byArkd].reverse())).toEqual(inOrder);
    expect(inOrder.map((psbt) => parsePsbt(psbt).id)).toEqual(checkpoints.map(({ txid }) => txid));
  });

  test.each([
    ["one is missing", byArkd.slice(1)],
    ["one came twice", [...byArkd.slice(1), ...byArkd.slice(1, 2)]],
    ["one is another transaction", [...byArkd.slice(1), accepted]],
    ["there is one too many", [...byArkd, accepted]],
  ])("checkpoints are refused when %s", (_what, answered) => {
    expect(thrownBy(() => matchServerCheckpoints(unsigned, answered)).code).toBe("payload_mismatch");
  });

  test("a checkpoint without arkd's signature, or with a forged one, is refused by txid", () => {
    for (const bad of [unsigned[1] ?? "", withForgedServerSignature(unsigned[1] ?? "")]) {
      const error = thrownBy(() => matchServerCheckpoints(unsigned, [byArkd[0] ?? "", bad, byArkd[2] ?? ""]));
      expect([error.code, error.details]).toEqual(["signature_mismatch", { txid: checkpoints[1]?.txid, input: 0 }]);
    }
  });

  test("arkd's word on amounts and leaves is not used: only its signature is taken", () => {
    const tampered = parsePsbt(byArkd[0] ?? "");
    const script = tampered.getInput(0).witnessUtxo?.script ?? new Uint8Array();
    tampered.updateInput(0, { witnessUtxo: { script, amount: 1n } }, true);
    const matched = matchServerCheckpoints(unsigned, [toPsbt(tampered), ...byArkd.slice(1)]);
    expect(matched).toEqual(matchServerCheckpoints(unsigned, byArkd));
  });

  test("a final ark tx is refused when it is another one or arkd's signature is missing or of another key", () => {
    expect(thrownBy(() => verifyServerSignedArkTx(submitted, byArkd[0] ?? "")).code).toBe("payload_mismatch");
    expect(thrownBy(() => verifyServerSignedArkTx(submitted, submitted)).code).toBe("signature_mismatch");
    expect(thrownBy(() => verifyServerSignedArkTx(submitted, withForgedServerSignature(submitted))).code).toBe(
      "signature_mismatch",
    );
    const tx = ArkPsbt.parse(submitted);
    tx.addSignature(0, ARKD_FORFEIT.pubkey, hex.decode("00".repeat(64)));
    expect(thrownBy(() => verifyServerSignedArkTx(submitted, tx.encode())).details).toEqual({ txid: tx.id, input: 0 });
  });
});

describe("before a call that cannot be repeated", () => {
  const complete = signCheckpoints(byArkd, [ALICE, GATEWAY]);

  test("SubmitTx needs every owner's signature", () => {
    const error = thrownBy(() =>
      verifySubmittable({ arkPsbt: signArkTx(arkPsbt, [ALICE]), checkpointPsbts: unsigned }),
    );
    expect([error.code, error.details?.["input"]]).toEqual(["signature_mismatch", 2]);
  });

  test.each([
    ["an owner's checkpoint signature", accepted, signCheckpoints(byArkd, [ALICE])],
    ["arkd's checkpoint signatures", accepted, signCheckpoints(unsigned, [ALICE, GATEWAY])],
    ["arkd's ark tx signatures", submitted, complete],
  ])("FinalizeTx is held back without %s", (_what, ark, psbts) => {
    expect(thrownBy(() => verifyFinalizable({ arkPsbt: ark, checkpointPsbts: psbts })).code).toBe("signature_mismatch");
  });

  test("FinalizeTx is held back when a checkpoint is missing or out of place", () => {
    for (const psbts of [complete.slice(1), [...complete].reverse()]) {
      expect(thrownBy(() => verifyFinalizable({ arkPsbt: accepted, checkpointPsbts: psbts })).code).toBe(
        "internal_error",
      );
    }
  });
});
