import type { Transaction } from "@arkade-os/sdk";
import { SigHash } from "@scure/btc-signer";
import { tapLeafHash } from "@scure/btc-signer/payment.js";

import { AppError } from "../errors";
import { multisigKeysOf } from "./multisig-keys";

/** What a signature of one input signs, recomputed from the PSBT. */
export interface InputSighash {
  readonly sighash: Uint8Array;
  readonly leafHash: Uint8Array;
  /** x-only keys of the collaborative leaf in script order: owner, then arkd's signer. */
  readonly pubkeys: readonly string[];
}

/**
 * The BIP341 message of a script path spend of `input`. Nothing anybody states about a sighash is ever believed: it is made
 * here, from the transaction, its prevouts and its one leaf. Throws `payload_mismatch` when the PSBT lacks what it takes.
 * `hashType` is DEFAULT for transactions and ALL for ownership proofs.
 */
export function sighashOf(tx: Transaction, input: number, hashType: number = SigHash.DEFAULT): InputSighash {
  const { scripts, amounts } = prevoutsOf(tx);
  const { script, version } = onlyLeafOf(tx, input);
  return {
    sighash: tx.preimageWitnessV1(input, scripts, hashType, amounts, undefined, script, version),
    leafHash: tapLeafHash(script, version),
    pubkeys: keysOf(tx, input, script),
  };
}

/** A BIP341 signature commits to the script and amount of every prevout, not just its own. */
function prevoutsOf(tx: Transaction): { scripts: Uint8Array[]; amounts: bigint[] } {
  const scripts: Uint8Array[] = [];
  const amounts: bigint[] = [];
  for (let input = 0; input < tx.inputsLength; input++) {
    const { witnessUtxo } = tx.getInput(input);
    if (witnessUtxo === undefined) throw mismatch(tx, input, "An input has no witness UTXO");
    scripts.push(witnessUtxo.script);
    amounts.push(witnessUtxo.amount);
  }
  return { scripts, amounts };
}

function onlyLeafOf(tx: Transaction, input: number): { script: Uint8Array; version: number } {
  const leaves = tx.getInput(input).tapLeafScript ?? [];
  const [leaf] = leaves;
  // With two leaves the signer could mean the one and the verifier the other.
  if (leaf === undefined || leaves.length !== 1) throw mismatch(tx, input, "An input needs exactly one leaf");
  const [, scriptAndVersion] = leaf;
  return { script: scriptAndVersion.subarray(0, -1), version: scriptAndVersion.at(-1) ?? 0 };
}

function keysOf(tx: Transaction, input: number, script: Uint8Array): readonly string[] {
  try {
    return multisigKeysOf(script);
  } catch (cause) {
    throw mismatch(tx, input, "An input spends no collaborative leaf", cause);
  }
}

function mismatch(tx: Transaction, input: number, message: string, cause?: unknown): AppError {
  return new AppError("payload_mismatch", { message, details: { txid: tx.id, input }, cause });
}
