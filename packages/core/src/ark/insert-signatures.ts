import type { Transaction } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { AppError } from "../errors";
import { verifySchnorr } from "../schnorr";
import { parseSignature, whereOf } from "./item-signature";
import { parsePsbt, toPsbt } from "./psbt";
import { type InputSighash, sighashOf } from "./sighash";
import type { ItemSignature } from "./types";

/**
 * Puts one signer's signatures into PSBTs (the ark tx, or its checkpoints) and returns them in the same order. Each is
 * verified over the sighash recomputed from the PSBT first. Throws `payload_mismatch` for a transaction that is not among
 * them, an input that is not this key's, or a second signature; `signature_mismatch` for one that does not verify;
 * `invalid_request` for a malformed one. All with {txid, input}; nothing is inserted when one is refused.
 */
export function insertSignatures(
  psbts: readonly string[],
  pubkey: string,
  signatures: readonly ItemSignature[],
): string[] {
  const txs = psbts.map(parsePsbt);
  const byTxid = new Map(txs.map((tx) => [tx.id, tx]));
  for (const signature of signatures) {
    const tx = byTxid.get(signature.txid);
    if (tx === undefined || !hasInput(tx, signature.input)) throw mismatch(signature);
    insertOne(tx, pubkey, signature);
  }
  return txs.map(toPsbt);
}

function hasInput(tx: Transaction, input: number): boolean {
  return Number.isInteger(input) && input >= 0 && input < tx.inputsLength;
}

function insertOne(tx: Transaction, pubkey: string, signature: ItemSignature): void {
  const sig = parseSignature(signature);
  const sighash = sighashOf(tx, signature.input);
  if (!sighash.pubkeys.includes(pubkey)) throw mismatch(signature);
  if (findSignature(tx, signature.input, pubkey) !== undefined) throw mismatch(signature);
  if (!verifySchnorr(sig, sighash.sighash, hex.decode(pubkey))) {
    throw new AppError("signature_mismatch", { details: whereOf(signature) });
  }
  addSignature(tx, signature.input, sighash, pubkey, sig);
}

/** Adds a signature that has been verified. */
export function addSignature(
  tx: Transaction,
  input: number,
  { leafHash }: InputSighash,
  pubkey: string,
  sig: Uint8Array,
): void {
  tx.updateInput(input, { tapScriptSig: [[{ pubKey: hex.decode(pubkey), leafHash }, sig]] });
}

/** The signature of a key in a PSBT as it stands there, unverified; over any leaf. */
export function findSignature(tx: Transaction, input: number, pubkey: string): Uint8Array | undefined {
  const signatures = tx.getInput(input).tapScriptSig ?? [];
  return signatures.find(([by]) => hex.encode(by.pubKey) === pubkey)?.[1];
}

function mismatch(signature: ItemSignature): AppError {
  return new AppError("payload_mismatch", { details: whereOf(signature) });
}
