import { hex } from "@scure/base";

import { AppError, assert } from "../errors";
import { verifySchnorr } from "../schnorr";
import { ArkPsbt } from "./ark-psbt";
import type { InputSighash } from "./sighash";

/** The two calls of a transfer as they would be sent: checkpoint i belongs to input i of the ark tx. */
export interface ArkTransfer {
  readonly arkPsbt: string;
  readonly checkpointPsbts: readonly string[];
}

/**
 * The last look before SubmitTx: every input of the ark tx carries its owner's valid signature, and the checkpoints are the
 * ones it spends. Throws `signature_mismatch` {txid, input} for a missing or wrong signature.
 */
export function verifySubmittable({ arkPsbt, checkpointPsbts }: ArkTransfer): void {
  const arkTx = ArkPsbt.parse(arkPsbt);
  checkPairing(
    arkTx,
    checkpointPsbts.map((psbt) => ArkPsbt.parse(psbt)),
  );
  for (let input = 0; input < arkTx.inputsLength; input++) {
    const sighash = arkTx.sighashOf(input);
    const [owner] = sighash.pubkeys;
    assert(owner !== undefined, "a leaf names its owner");
    checkSignature(arkTx, input, sighash, owner);
  }
}

/**
 * The last look before FinalizeTx, which is one-shot: a refusal there freezes the inputs for good. Every checkpoint of the
 * ark tx must carry the valid signatures of its owner and of arkd, and the ark tx itself both on every input.
 * Throws `signature_mismatch` {txid, input} for a missing or wrong signature.
 */
export function verifyFinalizable({ arkPsbt, checkpointPsbts }: ArkTransfer): void {
  const arkTx = ArkPsbt.parse(arkPsbt);
  const checkpoints = checkpointPsbts.map((psbt) => ArkPsbt.parse(psbt));
  checkPairing(arkTx, checkpoints);
  for (const tx of [arkTx, ...checkpoints]) checkAllSignatures(tx);
}

function checkPairing(arkTx: ArkPsbt, checkpoints: readonly ArkPsbt[]): void {
  assert(checkpoints.length === arkTx.inputsLength, "one checkpoint per input");
  for (const [i, checkpoint] of checkpoints.entries()) {
    assert(checkpoint.inputsLength === 1, "a checkpoint spends one VTXO");
    assert(arkTx.outpointOf(i) === `${checkpoint.id}:0`, "input i spends checkpoint i");
  }
}

function checkAllSignatures(tx: ArkPsbt): void {
  for (let input = 0; input < tx.inputsLength; input++) {
    const sighash = tx.sighashOf(input);
    for (const pubkey of sighash.pubkeys) checkSignature(tx, input, sighash, pubkey);
  }
}

function checkSignature(tx: ArkPsbt, input: number, { sighash }: InputSighash, pubkey: string): void {
  const sig = tx.findSignature(input, pubkey);
  if (sig !== undefined && verifySchnorr(sig, sighash, hex.decode(pubkey))) return;
  throw new AppError("signature_mismatch", { details: { txid: tx.id, input } });
}
