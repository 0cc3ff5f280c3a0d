import { P2A, type TapLeafScript, Transaction, VtxoTaprootTree, setArkPsbtField } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { ArkdError } from "../arkd-error";
import { equalBytes } from "../bytes";
import { type DecodedVtxoScript, decodeLeaves } from "../decode-vtxo-script";
import { TX_OPTIONS } from "../psbt";
import type { CheckContext } from "./check-context";
import type { Submission } from "./parse-submission";
import type { ArkInput } from "./read-ark-inputs";
import type { ArkOutput } from "./read-ark-outputs";

export interface RebuiltTxs {
  /** The ark tx without any signature; its PSBT fields are ours, but for the extra fields (taptree, condition) of the client. */
  readonly arkTx: Transaction;
  /** Checkpoint i belongs to input i. Unsigned. */
  readonly checkpoints: readonly Transaction[];
  /** The leaf by which ark input i spends its checkpoint. */
  readonly arkLeaves: readonly TapLeafScript[];
}

const SEQUENCE_FINAL = 0xffff_ffff;
const SEQUENCE_LOCKED = 0xffff_fffe;

/**
 * Builds checkpoints and ark tx again from the VTXOs and the outputs alone, and compares txids: whatever the client put into
 * its PSBTs beyond that can then not matter. Sums must be equal, off-chain transfers pay no fee in sats.
 */
export function rebuildTxs(
  context: CheckContext,
  submission: Submission,
  inputs: readonly ArkInput[],
  outputs: readonly ArkOutput[],
): RebuiltTxs {
  checkSums(inputs, outputs);
  const rebuilt = inputs.map((input) => rebuildCheckpoint(context, input));
  inputs.forEach((input, index) =>
    checkTxid("CHECKPOINT_MISMATCH", rebuilt[index]?.tx.id ?? "", input.checkpoint.txid),
  );
  if (submission.checkpoints.size !== inputs.length) {
    const metadata = { expected: String(inputs.length), got: String(submission.checkpoints.size) };
    throw new ArkdError("CHECKPOINT_MISMATCH", "there must be one checkpoint per input", metadata);
  }
  const arkTx = rebuildArkTx(submission, inputs, rebuilt);
  checkTxid("ARK_TX_MISMATCH", arkTx.id, submission.arkTxid);
  inputs.forEach((input, index) => checkPrevout(submission, input, rebuilt[index]?.output.pkScript ?? ""));
  return { arkTx, checkpoints: rebuilt.map(({ tx }) => tx), arkLeaves: rebuilt.map(({ arkLeaf }) => arkLeaf) };
}

interface RebuiltCheckpoint {
  readonly tx: Transaction;
  readonly output: DecodedVtxoScript;
  readonly arkLeaf: TapLeafScript;
}

function checkSums(inputs: readonly ArkInput[], outputs: readonly ArkOutput[]): void {
  const sumIn = inputs.reduce((sum, { vtxo }) => sum + vtxo.amountSats, 0n);
  const sumOut = outputs.reduce((sum, { amountSats }) => sum + amountSats, 0n);
  if (sumIn === sumOut) return;
  throw new ArkdError("INTERNAL_ERROR", `input amount is not equal to output amount: ${sumIn} != ${sumOut}`);
}

function rebuildCheckpoint(context: CheckContext, input: ArkInput): RebuiltCheckpoint {
  const { vtxo, leaf, leafScript, closure } = input;
  const output = decodeLeaves([context.unrollScript, leafScript]);
  const arkLeaf = output.leaves.find(({ script }) => equalBytes(script, leafScript));
  if (arkLeaf === undefined) throw new ArkdError("INTERNAL_ERROR", "the checkpoint output lost its leaf");
  const tx = new Transaction({ ...TX_OPTIONS, version: 3, lockTime: closure.lockTime ?? 0 });
  tx.addInput({
    txid: vtxo.txid,
    index: vtxo.vout,
    sequence: closure.lockTime === undefined ? SEQUENCE_FINAL : SEQUENCE_LOCKED,
    witnessUtxo: { script: hex.decode(vtxo.script), amount: vtxo.amountSats },
    tapLeafScript: [leaf],
  });
  setArkPsbtField(tx, 0, VtxoTaprootTree, input.tapTree);
  tx.addOutput({ script: hex.decode(output.pkScript), amount: vtxo.amountSats });
  tx.addOutput(P2A);
  return { tx, output, arkLeaf: arkLeaf.proof };
}

function rebuildArkTx(
  submission: Submission,
  inputs: readonly ArkInput[],
  rebuilt: readonly RebuiltCheckpoint[],
): Transaction {
  const lockTime = Math.max(0, ...inputs.map(({ closure }) => closure.lockTime ?? 0));
  const tx = new Transaction({ ...TX_OPTIONS, version: 3, lockTime });
  inputs.forEach((input, index) => {
    const checkpoint = rebuilt[index];
    if (checkpoint === undefined) throw new Error("fewer checkpoints than inputs");
    tx.addInput({
      txid: checkpoint.tx.id,
      index: 0,
      sequence: input.closure.lockTime === undefined ? SEQUENCE_FINAL : SEQUENCE_LOCKED,
      witnessUtxo: { script: hex.decode(checkpoint.output.pkScript), amount: input.vtxo.amountSats },
      tapLeafScript: [checkpoint.arkLeaf],
      unknown: submission.arkTx.getInput(index).unknown ?? [],
    });
  });
  for (let vout = 0; vout < submission.arkTx.outputsLength; vout += 1) {
    const { script, amount } = submission.arkTx.getOutput(vout);
    const isAnchor = script !== undefined && equalBytes(script, P2A.script);
    if (script !== undefined && amount !== undefined && !isAnchor) tx.addOutput({ script, amount });
  }
  tx.addOutput(P2A);
  return tx;
}

/** The sighash of every input covers all prevouts, so a wrong witnessUtxo would make the server sign for another coin. */
function checkPrevout({ arkTx, arkTxid }: Submission, { index, vtxo }: ArkInput, pkScript: string): void {
  const { witnessUtxo } = arkTx.getInput(index);
  if (witnessUtxo?.amount === vtxo.amountSats && hex.encode(witnessUtxo.script) === pkScript) return;
  const metadata = { txid: arkTxid, input_index: String(index) };
  throw new ArkdError("INVALID_PSBT_INPUT", "the witness utxo is not the checkpoint's output", metadata);
}

function checkTxid(errorName: "CHECKPOINT_MISMATCH" | "ARK_TX_MISMATCH", expected: string, got: string): void {
  if (expected === got) return;
  throw new ArkdError(errorName, `expected ${expected}, got ${got}`, { expected_txid: expected, got_txid: got });
}
