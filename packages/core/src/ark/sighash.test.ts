import { hex } from "@scure/base";
import * as bitcoinjs from "bitcoinjs-lib";

import { ALICE, ARKD_SIGNER, aTransfer, BOB, GATEWAY } from "../testing/ark-transfer";
import { thrownBy } from "../testing/thrown-by";
import { parsePsbt, toPsbt } from "./psbt";
import { sighashOf } from "./sighash";
import { arkItems, checkpointItems } from "./signing-items";

const { arkPsbt, checkpoints } = aTransfer();
const checkpointPsbts = checkpoints.map(({ psbt }) => psbt);

/** The BIP341 message by another implementation. */
function sighashByBitcoinjs(psbt: string, input: number, leafHash: string): string {
  const tx = parsePsbt(psbt);
  const prevouts = Array.from({ length: tx.inputsLength }, (_, i) => tx.getInput(i).witnessUtxo);
  const message = bitcoinjs.Transaction.fromBuffer(tx.toBytes(false, false)).hashForWitnessV1(
    input,
    prevouts.map((prevout) => prevout?.script ?? new Uint8Array()),
    prevouts.map((prevout) => prevout?.amount ?? 0n),
    bitcoinjs.Transaction.SIGHASH_DEFAULT,
    hex.decode(leafHash),
  );
  return hex.encode(message);
}

test("every sighash equals the one of an independent implementation", () => {
  const psbts = new Map([arkPsbt, ...checkpointPsbts].map((psbt) => [parsePsbt(psbt).id, psbt]));
  const items = [ALICE, GATEWAY].flatMap(({ pubkey }) => [
    ...arkItems(arkPsbt, pubkey),
    ...checkpointItems(checkpointPsbts, pubkey),
  ]);
  expect(items).toHaveLength(6);
  expect(items.map(({ sighash }) => sighash)).toEqual(
    items.map(({ txid, input, leaf_hash }) => sighashByBitcoinjs(psbts.get(txid) ?? "", input, leaf_hash)),
  );
});

test("an owner is asked for its own inputs only, on the ark tx and on its checkpoints", () => {
  expect(arkItems(arkPsbt, ALICE.pubkey).map(({ input }) => input)).toEqual([0, 1]);
  expect(arkItems(arkPsbt, GATEWAY.pubkey).map(({ input }) => input)).toEqual([2]);
  expect(checkpointItems(checkpointPsbts, GATEWAY.pubkey).map(({ txid }) => txid)).toEqual([checkpoints[2]?.txid]);
  expect(arkItems(arkPsbt, BOB.pubkey)).toEqual([]);
});

test("the ark input and its checkpoint commit to the same leaf with different sighashes", () => {
  const [ark] = arkItems(arkPsbt, GATEWAY.pubkey);
  const [checkpoint] = checkpointItems(checkpointPsbts, GATEWAY.pubkey);
  expect(ark?.leaf_hash).toBe(checkpoint?.leaf_hash);
  expect(ark?.sighash).not.toBe(checkpoint?.sighash);
});

test("arkd's signatures do not change what an owner signs", () => {
  const tx = parsePsbt(arkPsbt);
  const before = sighashOf(tx, 0);
  tx.updateInput(0, {
    tapScriptSig: [[{ pubKey: hex.decode(ARKD_SIGNER.pubkey), leafHash: before.leafHash }, new Uint8Array(64)]],
  });
  expect(sighashOf(parsePsbt(toPsbt(tx)), 0)).toEqual(before);
});

test("a changed amount of any prevout changes every sighash", () => {
  const tx = parsePsbt(arkPsbt);
  const before = arkItems(arkPsbt, ALICE.pubkey).map(({ sighash }) => sighash);
  const script = tx.getInput(2).witnessUtxo?.script ?? new Uint8Array();
  tx.updateInput(2, { witnessUtxo: { script, amount: 1_001n } });
  const after = arkItems(toPsbt(tx), ALICE.pubkey).map(({ sighash }) => sighash);
  expect(before.filter((sighash) => after.includes(sighash))).toEqual([]);
});

test("what is no PSBT, or leaves open which leaf is spent, is a payload mismatch", () => {
  expect(thrownBy(() => arkItems("bm90IGEgcHNidA==", ALICE.pubkey)).code).toBe("payload_mismatch");
  expect(thrownBy(() => arkItems("%", ALICE.pubkey)).code).toBe("payload_mismatch");
  const tx = parsePsbt(arkPsbt);
  const otherLeaf = parsePsbt(checkpointPsbts[1] ?? "").getInput(0).tapLeafScript ?? []; // same script, other tree
  tx.updateInput(1, { tapLeafScript: otherLeaf });
  const error = thrownBy(() => arkItems(toPsbt(tx), ALICE.pubkey));
  expect([error.code, error.details]).toEqual(["payload_mismatch", { txid: tx.id, input: 1 }]);
});
