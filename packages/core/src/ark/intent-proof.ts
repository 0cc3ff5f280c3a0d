import { type Transaction, Intent, VtxoTaprootTree } from "@arkade-os/sdk";
import { hex } from "@scure/base";
import { SigHash } from "@scure/btc-signer";

import { assert } from "../errors";
import type { ArkIntentProof } from "../ports/ark-daemon";
import type { Random } from "../ports/random";
import { signSchnorr } from "../schnorr";
import { toPsbt } from "./psbt";
import { sighashOf } from "./sighash";
import type { ArkInput } from "./types";
import { defaultVtxoScript } from "./vtxo-script";
import type { GatewayKey } from "./wallet-keys";

/**
 * Proof over a message that we own `inputs`: a BIP-322 style transaction over a transaction that does not exist. arkd hashes the
 * message as it came, so the very same string goes with the proof. `outputs` are what an intent wants of a batch.
 */
export function buildIntentProof(
  message: string,
  inputs: readonly ArkInput[],
  outputs: readonly { readonly script: Uint8Array; readonly amount: bigint }[],
  keys: readonly GatewayKey[],
  random: Pick<Random, "bytes">,
): ArkIntentProof {
  const proof = Intent.create(message, inputs.map(toProofInput), [...outputs]);
  for (let index = 0; index < proof.inputsLength; index++) {
    // Input 0 spends the message with the script of the first VTXO.
    const owner = inputs[Math.max(0, index - 1)]?.ownerPubkey;
    const key = keys.find(({ pubkey }) => pubkey === owner);
    assert(key !== undefined, "a proof is signed by the keys that own its inputs");
    signInput(proof, index, key, random);
  }
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
function signInput(proof: Transaction, index: number, key: GatewayKey, random: Pick<Random, "bytes">): void {
  const { sighash, leafHash } = sighashOf(proof, index, SigHash.ALL);
  const sig = signSchnorr(sighash, key.secretKey, random.bytes(32));
  const by = { pubKey: hex.decode(key.pubkey), leafHash };
  proof.updateInput(index, { tapScriptSig: [[by, new Uint8Array([...sig, SigHash.ALL])]] });
}
