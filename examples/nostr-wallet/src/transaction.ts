import { schnorr } from "@noble/curves/secp256k1.js";
import { SigHash, Transaction } from "@scure/btc-signer";
import { tapLeafHash } from "@scure/btc-signer/payment.js";
import { taprootTweakPubkey } from "@scure/btc-signer/utils.js";

import { fromBase64, fromHex, toHex } from "./bytes.js";

const LEAF_VERSION = 0xc0;

export interface Digest {
  readonly sighash: string;
  readonly leafHash: string;
}

/** PSBTs of arkd carry fields of their own; they are kept, and none of them is trusted. */
export function parsePsbt(base64: string): Transaction {
  return Transaction.fromPSBT(fromBase64(base64), {
    allowUnknown: true,
    allowUnknownInputs: true,
    allowUnknownOutputs: true,
    disableScriptCheck: true,
  });
}

/** The outpoint that an input spends, `txid:vout`. */
export function outpointOf(tx: Transaction, index: number): string {
  const input = tx.getInput(index);
  if (input.txid === undefined || input.index === undefined) throw new Error(`input ${index} spends nothing`);
  return `${toHex(input.txid)}:${input.index}`;
}

export function prevoutOf(tx: Transaction, index: number): { readonly script: string; readonly sats: bigint } {
  const prevout = tx.getInput(index).witnessUtxo;
  if (prevout === undefined) throw new Error(`input ${index} states no prevout`);
  return { script: toHex(prevout.script), sats: prevout.amount };
}

export function outputsOf(tx: Transaction): { readonly script: string; readonly sats: bigint }[] {
  return Array.from({ length: tx.outputsLength }, (_, index) => {
    const { script, amount } = tx.getOutput(index);
    if (script === undefined || amount === undefined) throw new Error(`output ${index} is incomplete`);
    return { script: toHex(script), sats: amount };
  });
}

/** BIP341: what a signature of one input by one leaf commits to, with the sighash type that covers everything. */
export function digestOf(tx: Transaction, index: number, leaf: Uint8Array): Digest {
  const prevouts = Array.from({ length: tx.inputsLength }, (_, each) => prevoutOf(tx, each));
  const scripts = prevouts.map(({ script }) => fromHex(script));
  const amounts = prevouts.map(({ sats }) => sats);
  const digest = tx.preimageWitnessV1(index, scripts, SigHash.DEFAULT, amounts, undefined, leaf, LEAF_VERSION);
  return { sighash: toHex(digest), leafHash: toHex(tapLeafHash(leaf, LEAF_VERSION)) };
}

/** Whether `pubkey` has signed this input, by the leaf that the PSBT names and that the spent output really commits to. */
export function isSignedBy(pubkey: string, tx: Transaction, index: number): boolean {
  const [named, ...others] = tx.getInput(index).tapLeafScript ?? [];
  if (named === undefined || others.length > 0) return false;
  const [block, scriptAndVersion] = named;
  if (scriptAndVersion.at(-1) !== LEAF_VERSION) return false;
  const leaf = scriptAndVersion.subarray(0, -1);
  if (prevoutOf(tx, index).script !== outputScriptOf(leaf, block.internalKey, block.merklePath)) return false;
  const { sighash, leafHash } = digestOf(tx, index, leaf);
  return (tx.getInput(index).tapScriptSig ?? []).some(
    ([key, signature]) =>
      toHex(key.pubKey) === pubkey &&
      toHex(key.leafHash) === leafHash &&
      signature.length === 64 &&
      schnorr.verify(signature, fromHex(sighash), fromHex(pubkey)),
  );
}

/** BIP341: the output that a leaf leads to by its merkle path. */
function outputScriptOf(leaf: Uint8Array, internalKey: Uint8Array, path: readonly Uint8Array[]): string {
  let node = tapLeafHash(leaf, LEAF_VERSION);
  for (const sibling of path) {
    const [first, second] = Buffer.compare(node, sibling) < 0 ? [node, sibling] : [sibling, node];
    node = schnorr.utils.taggedHash("TapBranch", first, second);
  }
  const [outputKey] = taprootTweakPubkey(internalKey, node);
  return `5120${toHex(outputKey)}`;
}
