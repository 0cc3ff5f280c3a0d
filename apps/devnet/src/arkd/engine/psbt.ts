import { ConditionWitness, type TapLeafScript, Transaction, VtxoTaprootTree, getArkPsbtFields } from "@arkade-os/sdk";
import { base64, hex } from "@scure/base";
import { verifySchnorr } from "tiny-secp256k1";

import { equalBytes } from "./bytes";
import { leafHashOf } from "./decode-vtxo-script";

/**
 * How transactions are read and built here. The library would look whether each output script can be spent, which costs a
 * square root in JavaScript every time; arkd does not ask, and a signature for a key off the curve never verifies.
 */
export const TX_OPTIONS = { disableScriptCheck: true } as const;

/** Throws on anything that is not a base64 PSBT v0. */
export function parsePsbt(text: string): Transaction {
  return Transaction.fromPSBT(base64.decode(text), TX_OPTIONS);
}

export function toPsbt(tx: Transaction): string {
  return base64.encode(tx.toPSBT());
}

/** `txid:vout` of what the input spends. */
export function outpointOf(tx: Transaction, index: number): string {
  const input = tx.getInput(index);
  if (input.txid === undefined || input.index === undefined) throw new Error(`input ${index} has no outpoint`);
  return `${hex.encode(input.txid)}:${input.index}`;
}

export function leavesOf(tx: Transaction, index: number): readonly TapLeafScript[] {
  return tx.getInput(index).tapLeafScript ?? [];
}

export function leafScriptOf(leaf: TapLeafScript): Uint8Array {
  return leaf[1].subarray(0, -1);
}

export function tapTreeOf(tx: Transaction, index: number): Uint8Array | undefined {
  return getArkPsbtFields(tx, index, VtxoTaprootTree)[0];
}

export function conditionWitnessOf(tx: Transaction, index: number): readonly Uint8Array[] | undefined {
  return getArkPsbtFields(tx, index, ConditionWitness)[0];
}

/** The BIP341 message of a tapscript spend. Every input must carry its witnessUtxo, because the digest covers all of them. */
export function sighashOf(tx: Transaction, index: number, leafScript: Uint8Array, hashType = 0): Uint8Array {
  const { scripts, amounts } = prevoutsOf(tx);
  return tx.preimageWitnessV1(index, scripts, hashType, amounts, undefined, leafScript, 0xc0);
}

interface Prevouts {
  readonly scripts: Uint8Array[];
  readonly amounts: bigint[];
}

/** Read once per tx: the library copies an input on every look, which makes many inputs quadratic. Nobody changes them after. */
const prevoutsByTx = new WeakMap<Transaction, Prevouts>();

function prevoutsOf(tx: Transaction): Prevouts {
  const known = prevoutsByTx.get(tx);
  if (known !== undefined) return known;
  const prevouts = Array.from({ length: tx.inputsLength }, (_, index) => {
    const { witnessUtxo } = tx.getInput(index);
    if (witnessUtxo === undefined) throw new Error(`input ${index} lacks its witnessUtxo`);
    return witnessUtxo;
  });
  const read = { scripts: prevouts.map(({ script }) => script), amounts: prevouts.map(({ amount }) => amount) };
  prevoutsByTx.set(tx, read);
  return read;
}

export interface LeafSignature {
  readonly pubkey: string;
  /** 64 bytes, without the sighash byte. */
  readonly signature: Uint8Array;
  readonly hashType: number;
  /** As it stands in the PSBT: 64 or 65 bytes. */
  readonly encoded: Uint8Array;
}

/** The signatures an input carries for one leaf. The type comes from the 65th byte, else from the PSBT's own field. */
export function signaturesOf(tx: Transaction, index: number, leafScript: Uint8Array): readonly LeafSignature[] {
  const input = tx.getInput(index);
  const leafHash = leafHashOf(leafScript);
  return (input.tapScriptSig ?? [])
    .filter(([key]) => equalBytes(key.leafHash, leafHash))
    .map(([key, encoded]) => ({
      pubkey: hex.encode(key.pubKey),
      signature: encoded.subarray(0, 64),
      hashType: encoded[64] ?? input.sighashType ?? 0,
      encoded,
    }));
}

/** False for anything that does not verify, also for what the libraries throw on: odd hash types, keys off the curve. */
export function isValidSignature(
  tx: Transaction,
  index: number,
  leafScript: Uint8Array,
  signed: LeafSignature,
): boolean {
  try {
    const sighash = sighashOf(tx, index, leafScript, signed.hashType);
    return verifySchnorr(sighash, hex.decode(signed.pubkey), signed.signature);
  } catch {
    return false;
  }
}

/** Adds one tapscript signature to an input, beside those it has. */
export function addSignature(
  tx: Transaction,
  index: number,
  leafScript: Uint8Array,
  pubkey: string,
  signature: Uint8Array,
): void {
  const key = { pubKey: hex.decode(pubkey), leafHash: leafHashOf(leafScript) };
  tx.updateInput(index, { tapScriptSig: [[key, signature]] });
}
