import { hex } from "@scure/base";

import { AppError, assert } from "../errors";
import { verifySchnorr } from "../schnorr";
import { ArkPsbt } from "./ark-psbt";

/**
 * Takes arkd's signatures out of SubmitTx's `final_ark_tx` and puts them into our own signed copy, which is returned. Of
 * arkd's PSBT nothing else is used: its scripts and amounts are not the ones we verified.
 * Throws `payload_mismatch` when it is another transaction, `signature_mismatch` {txid, input} for a missing or wrong
 * signature of arkd.
 */
export function verifyServerSignedArkTx(ourArkPsbt: string, serverArkPsbt: string): string {
  const ours = ArkPsbt.parse(ourArkPsbt);
  const theirs = ArkPsbt.parse(serverArkPsbt);
  if (theirs.id !== ours.id) throw new AppError("payload_mismatch", { details: { txid: theirs.id } });
  takeServerSignatures(ours, theirs);
  return ours.encode();
}

/**
 * The same for checkpoints: arkd answers in random order, so they are matched by txid. Returned in **our** order. Throws
 * `payload_mismatch` when the two sets differ in any way.
 */
export function matchServerCheckpoints(
  ourCheckpointPsbts: readonly string[],
  serverCheckpointPsbts: readonly string[],
): string[] {
  const theirs = new Map(serverCheckpointPsbts.map((psbt) => ArkPsbt.parse(psbt)).map((tx) => [tx.id, tx]));
  const isSameSize =
    theirs.size === ourCheckpointPsbts.length && serverCheckpointPsbts.length === ourCheckpointPsbts.length;
  if (!isSameSize) throw new AppError("payload_mismatch", { message: "arkd returned another number of checkpoints" });
  return ourCheckpointPsbts.map((psbt) => {
    const ours = ArkPsbt.parse(psbt);
    const signed = theirs.get(ours.id);
    if (signed === undefined) throw new AppError("payload_mismatch", { details: { txid: ours.id } });
    takeServerSignatures(ours, signed);
    return ours.encode();
  });
}

function takeServerSignatures(ours: ArkPsbt, theirs: ArkPsbt): void {
  for (let input = 0; input < ours.inputsLength; input++) {
    const { sighash, pubkeys } = ours.sighashOf(input);
    const signer = serverKeyOf(pubkeys);
    const sig = theirs.findSignature(input, signer);
    if (sig === undefined || !verifySchnorr(sig, sighash, hex.decode(signer))) {
      throw new AppError("signature_mismatch", { details: { txid: ours.id, input } });
    }
    ours.addSignature(input, signer, sig);
  }
}

/** In a default script the owner comes first and arkd's signer second. */
function serverKeyOf(pubkeys: readonly string[]): string {
  const [owner, signer] = pubkeys;
  assert(owner !== undefined && signer !== undefined && pubkeys.length === 2, "a default leaf has two keys");
  return signer;
}
