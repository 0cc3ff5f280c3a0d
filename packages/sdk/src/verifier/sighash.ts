import type { TapLeafScript, Transaction } from "@arkade-os/sdk";
import { hex } from "@scure/base";
import { SigHash } from "@scure/btc-signer";
import { tapLeafHash } from "@scure/btc-signer/payment.js";

import { must } from "./refuse.js";

const LEAF_VERSION = 0xc0;

export interface InputDigest {
  readonly sighash: string;
  readonly leafHash: string;
}

/** BIP341 script-path sighash of one input for a leaf. The PSBT must state every prevout. */
export function digestOf(
  tx: Transaction,
  input: number,
  leafScript: Uint8Array,
  hashType: number = SigHash.DEFAULT,
): InputDigest {
  const prevouts = Array.from({ length: tx.inputsLength }, (_, index) => {
    const prevout = tx.getInput(index).witnessUtxo;
    must(prevout !== undefined, "structure", `input ${index} states no prevout`);
    return prevout;
  });
  const scripts = prevouts.map((prevout) => prevout.script);
  const amounts = prevouts.map((prevout) => prevout.amount);
  return {
    sighash: hex.encode(tx.preimageWitnessV1(input, scripts, hashType, amounts, undefined, leafScript, LEAF_VERSION)),
    leafHash: hex.encode(tapLeafHash(leafScript, LEAF_VERSION)),
  };
}

/** The one leaf an input of the PSBT spends by. */
export function onlyLeafOf(tx: Transaction, input: number): TapLeafScript {
  const leaves = tx.getInput(input).tapLeafScript ?? [];
  const [leaf] = leaves;
  must(leaf !== undefined && leaves.length === 1, "sighash", `input ${input} does not name exactly one leaf`);
  must(leaf[1].at(-1) === LEAF_VERSION, "sighash", `input ${input} has an unknown leaf version`);
  return leaf;
}

/** The script of a leaf; PSBTs append the leaf version to it. */
export function scriptOf(leaf: TapLeafScript): Uint8Array {
  return leaf[1].subarray(0, -1);
}
