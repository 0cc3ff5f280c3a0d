import type { TapLeafScript } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { ArkdError } from "../arkd-error";
import { type Closure, type DecodedVtxoScript, decodeVtxoScript } from "../decode-vtxo-script";
import { leafScriptOf, leavesOf, tapTreeOf } from "../psbt";
import type { Vtxo } from "../vtxo";
import { checkClosure } from "./check-closure";
import type { CheckContext } from "./check-context";
import { checkInputSigned } from "./check-input-signed";
import { checkVtxoScript } from "./check-vtxo-script";
import { checkVtxoSpendable } from "./check-vtxo-spendable";
import type { Submission, SubmittedCheckpoint } from "./parse-submission";

/** One input of the ark tx, with the VTXO its checkpoint spends and the leaf it is spent by. */
export interface ArkInput {
  readonly index: number;
  readonly vtxo: Vtxo;
  readonly checkpoint: SubmittedCheckpoint;
  readonly tapTree: Uint8Array;
  readonly vtxoScript: DecodedVtxoScript;
  readonly leaf: TapLeafScript;
  readonly leafScript: Uint8Array;
  readonly closure: Closure;
}

/** Goes through the inputs in the ark tx's order; for each one the checks run in arkd's order and the first failure wins. */
export function readArkInputs(
  context: CheckContext,
  submission: Submission,
  vtxos: ReadonlyMap<string, Vtxo>,
): readonly ArkInput[] {
  return Array.from({ length: submission.arkTx.inputsLength }, (_, index) =>
    readArkInput(context, submission, vtxos, index),
  );
}

function readArkInput(
  context: CheckContext,
  submission: Submission,
  vtxos: ReadonlyMap<string, Vtxo>,
  index: number,
): ArkInput {
  const fail = (why: string): never => {
    throw new ArkdError("INVALID_PSBT_INPUT", why, { txid: submission.arkTxid, input_index: String(index) });
  };
  const spent = submission.arkTx.getInput(index);
  const checkpoint = submission.checkpoints.get(hex.encode(spent.txid ?? new Uint8Array()));
  if (checkpoint === undefined || spent.index !== 0) return fail(`checkpoint of input ${index} not found`);
  const vtxo = vtxos.get(checkpoint.vtxoId);
  if (vtxo === undefined) return fail(`the vtxo of checkpoint ${checkpoint.txid} is unknown`);

  const { witnessUtxo } = checkpoint.tx.getInput(0);
  if (witnessUtxo === undefined) return fail("missing witness utxo");
  const [leaf, ...furtherLeaves] = leavesOf(checkpoint.tx, 0);
  if (leaf === undefined || furtherLeaves.length > 0) return fail("expected exactly one taproot leaf script");
  const tapTree = tapTreeOf(checkpoint.tx, 0);
  if (tapTree === undefined) return fail("missing taptree");
  const vtxoScript = decodeTapTree(tapTree, vtxo);

  checkVtxoSpendable(vtxo, context.nowSeconds);
  checkVtxoScript(context, vtxoScript, vtxo);
  if (vtxoScript.pkScript !== vtxo.script) return fail("the taptree is not the one of the vtxo");
  if (hex.encode(witnessUtxo.script) !== vtxo.script) return fail("the witness utxo's script is not the vtxo's");
  if (witnessUtxo.amount !== vtxo.amountSats) return fail("the witness utxo's amount is not the vtxo's");
  const leafScript = leafScriptOf(leaf);
  const closure = checkClosure(context, leafScript, vtxo, fail);
  checkInputSigned(context, submission, index, fail);
  return { index, vtxo, checkpoint, tapTree, vtxoScript, leaf, leafScript, closure };
}

function decodeTapTree(tapTree: Uint8Array, vtxo: Vtxo): DecodedVtxoScript {
  try {
    return decodeVtxoScript(tapTree);
  } catch {
    throw new ArkdError("INVALID_VTXO_SCRIPT", "failed to decode the taptree", { vtxo_outpoint: vtxo.vtxoId });
  }
}
