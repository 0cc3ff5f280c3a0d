import type { TapLeafScript, Transaction } from "@arkade-os/sdk";
import { schnorr } from "@noble/curves/secp256k1.js";
import { hex } from "@scure/base";
import { tapLeafHash } from "@scure/btc-signer/payment.js";
import { taprootTweakPubkey } from "@scure/btc-signer/utils.js";

import type { SignTxChallenge } from "../event-schemas.js";
import { must } from "./refuse.js";
import { digestOf, onlyLeafOf, scriptOf } from "./sighash.js";
import type { AnsweredChallenge, LinkedTx, VerifyOptions } from "./verifier-types.js";

/**
 * Check 8: a checkpoint output can be taken by arkd alone after its delay, so my checkpoint is signed only when arkd
 * is bound: same transactions as in stage 1, arkd's signature on every ark input and on each checkpoint of mine.
 */
export function checkStageTwo(tx: LinkedTx, content: SignTxChallenge, options: VerifyOptions): void {
  const { previous, pins } = options;
  must(
    previous?.stage === "ark_tx" && previous.sessionId === content.session_id,
    "changed",
    "stage ark_tx of this session was never signed here",
  );
  must(tx.ark.id === previous.arkTxid, "changed", "the ark tx is not the one I signed");
  must(
    sameSet(
      tx.inputs.map((input) => input.checkpoint.id),
      previous.checkpointTxids,
    ),
    "changed",
    "the checkpoints are not the ones I signed for",
  );
  for (const { index, checkpoint, own } of tx.inputs) {
    checkSignedBy(pins.signer, tx.ark, index);
    if (own !== undefined) checkSignedBy(pins.signer, checkpoint, 0);
  }
}

/** A tx signed earlier for the same intent must conflict with this one, or the gateway could settle both. */
export function checkNoSecondPayment(
  tx: LinkedTx,
  answered: readonly AnsweredChallenge[],
  options: VerifyOptions,
): void {
  const earlier = answered.filter(
    (answer) => answer.stage === "ark_tx" && answer.actionId === options.intent.content.action_id,
  );
  const inputs = new Set(tx.inputs.filter((input) => input.own !== undefined).map((input) => input.vtxoId));
  for (const answer of earlier) {
    must(
      answer.inputs.some((vtxoId) => inputs.has(vtxoId)),
      "replayed",
      "this intent was signed before with other inputs; both could settle",
    );
  }
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  const known = new Set(right);
  return left.length === right.length && left.every((entry) => known.has(entry));
}

function checkSignedBy(signer: string, tx: Transaction, input: number): void {
  const leaf = onlyLeafOf(tx, input);
  checkControlBlock(tx, input, leaf);
  const { sighash, leafHash } = digestOf(tx, input, scriptOf(leaf));
  const signatures = (tx.getInput(input).tapScriptSig ?? []).filter(
    ([key]) => hex.encode(key.pubKey) === signer && hex.encode(key.leafHash) === leafHash,
  );
  const isSigned = signatures.some(([, signature]) => verifies(signature, sighash, signer));
  must(isSigned, "server_signature", `arkd has not signed input ${input} of ${tx.id}`);
}

function verifies(signature: Uint8Array, sighash: string, signer: string): boolean {
  return signature.length === 64 && schnorr.verify(signature, hex.decode(sighash), hex.decode(signer));
}

/** A signature over a leaf that the output does not commit to would be worth nothing. */
function checkControlBlock(tx: Transaction, input: number, leaf: TapLeafScript): void {
  const [block] = leaf;
  const script = tx.getInput(input).witnessUtxo?.script;
  let node = tapLeafHash(scriptOf(leaf), 0xc0);
  for (const sibling of block.merklePath) node = branchHash(node, sibling);
  const [outputKey, parity] = taprootTweakPubkey(block.internalKey, node);
  const expected = `5120${hex.encode(outputKey)}`;
  must(
    script !== undefined && hex.encode(script) === expected,
    "server_signature",
    `the leaf of input ${input} is not in its output`,
  );
  must((block.version & 1) === parity, "server_signature", `the control block of input ${input} has the wrong parity`);
}

function branchHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  const ordered = hex.encode(left) < hex.encode(right) ? [left, right] : [right, left];
  return schnorr.utils.taggedHash("TapBranch", ...ordered);
}
