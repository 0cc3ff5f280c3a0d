import type { TapLeafScript } from "@arkade-os/sdk";
import { TaprootControlBlock } from "@scure/btc-signer/psbt.js";

import { ArkdError } from "../arkd-error";
import { equalBytes } from "../bytes";
import { evaluateCondition } from "../evaluate-condition";
import { type LeafSignature, conditionWitnessOf, isValidSignature, leavesOf, signaturesOf } from "../psbt";
import type { CheckContext } from "./check-context";
import type { Submission } from "./parse-submission";
import type { ArkInput } from "./read-ark-inputs";
import type { RebuiltTxs } from "./rebuild-txs";

/** The owners' signatures of ark input i, one per key of its closure except the server's. */
export type OwnerSignatures = readonly LeafSignature[];

/** Control blocks match the taproot outputs, conditions hold, and every owner has signed every input it owns. */
export function checkArkSignatures(
  context: CheckContext,
  submission: Submission,
  inputs: readonly ArkInput[],
  rebuilt: RebuiltTxs,
): readonly OwnerSignatures[] {
  return inputs.map((input) => {
    const fail = (why: string): never => {
      throw new ArkdError("INVALID_SIGNATURE", `input ${input.index}: ${why}`, {
        txid: submission.arkTxid,
        input_index: String(input.index),
      });
    };
    checkControlBlocks(submission, input, rebuilt, fail);
    checkCondition(submission, input, fail);
    const signatures = signaturesOf(submission.arkTx, input.index, input.leafScript);
    return input.closure.pubkeys
      .filter((pubkey) => pubkey !== context.signerPubkey)
      .map((pubkey) => {
        const signed =
          signatures.find((candidate) => candidate.pubkey === pubkey) ?? fail(`missing signature of ${pubkey}`);
        return isValidSignature(rebuilt.arkTx, input.index, input.leafScript, signed)
          ? signed
          : fail(`invalid signature of ${pubkey}`);
      });
  });
}

function checkControlBlocks(
  submission: Submission,
  input: ArkInput,
  rebuilt: RebuiltTxs,
  fail: (why: string) => never,
): void {
  const ofVtxo = input.vtxoScript.leaves.find(({ script }) => equalBytes(script, input.leafScript));
  if (ofVtxo === undefined || !isSameProof(ofVtxo.proof, input.leaf)) fail("invalid control block of the checkpoint");
  const ofCheckpoint = rebuilt.arkLeaves[input.index];
  const [given] = leavesOf(submission.arkTx, input.index);
  if (ofCheckpoint === undefined || given === undefined || !isSameProof(ofCheckpoint, given))
    fail("invalid control block");
}

/** Equal control blocks mean equal parity, internal key and path: for one leaf of one tree there is only one right value. */
function isSameProof(left: TapLeafScript, right: TapLeafScript): boolean {
  return (
    equalBytes(TaprootControlBlock.encode(left[0]), TaprootControlBlock.encode(right[0])) &&
    equalBytes(left[1], right[1])
  );
}

function checkCondition(submission: Submission, input: ArkInput, fail: (why: string) => never): void {
  const { conditionScript } = input.closure;
  if (conditionScript === undefined) return;
  const witness = conditionWitnessOf(submission.arkTx, input.index);
  if (witness === undefined || !evaluateCondition(conditionScript, witness)) fail("the condition does not hold");
}
