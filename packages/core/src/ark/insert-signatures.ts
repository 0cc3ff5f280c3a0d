import { hex } from "@scure/base";

import { AppError } from "../errors";
import { verifySchnorr } from "../schnorr";
import { ArkPsbt } from "./ark-psbt";
import { parseSignature, whereOf } from "./item-signature";
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
  const txs = psbts.map((psbt) => ArkPsbt.parse(psbt));
  insertInto(txs, pubkey, signatures);
  return txs.map((tx) => tx.encode());
}

/** The same for transactions that are parsed already. What was inserted before one is refused stays: throw them away then. */
export function insertInto(txs: readonly ArkPsbt[], pubkey: string, signatures: readonly ItemSignature[]): void {
  const byTxid = new Map(txs.map((tx) => [tx.id, tx]));
  for (const signature of signatures) {
    const tx = byTxid.get(signature.txid);
    if (tx === undefined || !tx.hasInput(signature.input)) throw mismatch(signature);
    insertOne(tx, pubkey, signature);
  }
}

function insertOne(tx: ArkPsbt, pubkey: string, signature: ItemSignature): void {
  const sig = parseSignature(signature);
  const { sighash, pubkeys } = tx.sighashOf(signature.input);
  if (!pubkeys.includes(pubkey)) throw mismatch(signature);
  if (tx.findSignature(signature.input, pubkey) !== undefined) throw mismatch(signature);
  if (!verifySchnorr(sig, sighash, hex.decode(pubkey))) {
    throw new AppError("signature_mismatch", { details: whereOf(signature) });
  }
  tx.addSignature(signature.input, pubkey, sig);
}

function mismatch(signature: ItemSignature): AppError {
  return new AppError("payload_mismatch", { details: whereOf(signature) });
}
