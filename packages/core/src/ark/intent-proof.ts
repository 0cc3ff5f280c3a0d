import { type Transaction, Intent, VtxoTaprootTree } from "@arkade-os/sdk";
import { hex } from "@scure/base";
import { SigHash } from "@scure/btc-signer";

import { AppError, assert } from "../errors";
import type { ArkIntentProof } from "../ports/ark-daemon";
import type { Random } from "../ports/random";
import { signSchnorr, verifySchnorr } from "../schnorr";
import { parsePsbt, toPsbt } from "./psbt";
import { sighashOf } from "./sighash";
import type { ArkInput, ItemSignature, SigningItem } from "./types";
import { defaultVtxoScript } from "./vtxo-script";
import type { GatewayKey } from "./wallet-keys";

/**
 * Proof over a message that we own `inputs`: a BIP-322 style transaction over a transaction that does not exist. arkd hashes the
 * message as it came, so the very same string goes with the proof. `outputs` are what an intent wants of a batch.
 */
export function buildIntentProof(
  message: string,
  inputs: readonly ArkInput[],
  outputs: readonly ProofOutput[],
  keys: readonly GatewayKey[],
  random: Pick<Random, "bytes">,
): ArkIntentProof {
  const proof = createProof(message, inputs, outputs);
  for (let index = 0; index < proof.inputsLength; index++) {
    // Input 0 spends the message with the script of the first VTXO.
    const owner = inputs[Math.max(0, index - 1)]?.ownerPubkey;
    const key = keys.find(({ pubkey }) => pubkey === owner);
    assert(key !== undefined, "a proof is signed by the keys that own its inputs");
    signInput(proof, index, key, random);
  }
  return { proof: toPsbt(proof), message };
}

/** The same proof before anybody has signed it, with what its owner is asked to sign: the message's input, then each VTXO. */
export function unsignedIntentProof(
  message: string,
  inputs: readonly ArkInput[],
  outputs: readonly ProofOutput[],
): ArkIntentProof & { readonly items: readonly SigningItem[] } {
  const proof = createProof(message, inputs, outputs);
  return { proof: toPsbt(proof), message, items: proofItems(proof) };
}

/**
 * Puts its owner's signatures into a proof. Each is verified over the sighash recomputed here. Throws `signature_mismatch` when one is
 * wrong or missing.
 */
export function signedIntentProof(psbt: string, signatures: readonly ItemSignature[]): string {
  const proof = parsePsbt(psbt);
  for (const item of proofItems(proof)) {
    const sig = signatures.find(({ txid, input }) => txid === item.txid && input === item.input)?.sig;
    if (sig === undefined || !verifySchnorr(hex.decode(sig), hex.decode(item.sighash), hex.decode(item.pubkey))) {
      throw new AppError("signature_mismatch", { details: { txid: item.txid, input: item.input } });
    }
    const by = { pubKey: hex.decode(item.pubkey), leafHash: hex.decode(item.leaf_hash) };
    insertSignature(proof, item.input, by, hex.decode(sig));
  }
  return toPsbt(proof);
}

type ProofOutput = { readonly script: Uint8Array; readonly amount: bigint };

function createProof(message: string, inputs: readonly ArkInput[], outputs: readonly ProofOutput[]): Transaction {
  return Intent.create(message, inputs.map(toProofInput), [...outputs]);
}

function proofItems(proof: Transaction): readonly SigningItem[] {
  return Array.from({ length: proof.inputsLength }, (_, input) => {
    const { sighash, leafHash, pubkeys } = sighashOf(proof, input, SigHash.ALL);
    const [pubkey] = pubkeys;
    assert(pubkey !== undefined, "a collaborative leaf names its owner");
    return {
      role: "proof" as const,
      txid: proof.id,
      input,
      sighash: hex.encode(sighash),
      leaf_hash: hex.encode(leafHash),
      pubkey,
    };
  });
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
  insertSignature(proof, index, { pubKey: hex.decode(key.pubkey), leafHash }, sig);
}

function insertSignature(
  proof: Transaction,
  index: number,
  by: { readonly pubKey: Uint8Array; readonly leafHash: Uint8Array },
  sig: Uint8Array,
): void {
  proof.updateInput(index, { tapScriptSig: [[{ ...by }, new Uint8Array([...sig, SigHash.ALL])]] });
}
