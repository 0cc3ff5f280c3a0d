import { type Transaction, Intent, VtxoTaprootTree } from "@arkade-os/sdk";
import { hex } from "@scure/base";
import { SigHash } from "@scure/btc-signer";

import { assert } from "../errors";
import type { ArkIntentProof } from "../ports/ark-daemon";
import type { Random } from "../ports/random";
import { signSchnorr, toXOnlyPubkey } from "../schnorr";
import { toPsbt } from "./psbt";
import { sighashOf } from "./sighash";
import type { ArkInput } from "./types";
import { defaultVtxoScript } from "./vtxo-script";

/**
 * Proof that we own `inputs` (all of one gateway key), for GetPendingTx: how the answer of a SubmitTx is recovered that got
 * lost on its way. It spends nothing: a BIP-322 style transaction over a transaction that does not exist.
 */
export function getPendingTxProof(
  inputs: readonly ArkInput[],
  expireAtSeconds: number,
  secretKey: Uint8Array,
  random: Pick<Random, "bytes">,
): ArkIntentProof {
  const pubkey = toXOnlyPubkey(secretKey);
  assert(
    inputs.every((input) => input.ownerPubkey === pubkey),
    "a proof is signed by the key that owns its inputs",
  );
  // arkd hashes the string as it came, so the very same one goes with the proof.
  const message = Intent.encodeMessage({ type: "get-pending-tx", expire_at: expireAtSeconds });
  const proof = Intent.create(message, inputs.map(toProofInput));
  signAll(proof, pubkey, secretKey, random);
  return { proof: toPsbt(proof), message };
}

function toProofInput(input: ArkInput) {
  const script = defaultVtxoScript(input.ownerPubkey, input);
  return {
    txid: hex.decode(input.txid),
    index: input.vout,
    witnessUtxo: { script: script.pkScript, amount: input.amountSats },
    tapLeafScript: [script.forfeit()],
    unknown: [VtxoTaprootTree.encode(script.encode())],
  };
}

/** Proofs are signed with SIGHASH_ALL, so that the type stands in the signature (65 bytes). */
function signAll(proof: Transaction, pubkey: string, secretKey: Uint8Array, random: Pick<Random, "bytes">): void {
  for (let input = 0; input < proof.inputsLength; input++) {
    const sighash = sighashOf(proof, input, SigHash.ALL);
    const sig = signSchnorr(sighash.sighash, secretKey, random.bytes(32));
    const key = { pubKey: hex.decode(pubkey), leafHash: sighash.leafHash };
    proof.updateInput(input, { tapScriptSig: [[key, new Uint8Array([...sig, SigHash.ALL])]] });
  }
}
