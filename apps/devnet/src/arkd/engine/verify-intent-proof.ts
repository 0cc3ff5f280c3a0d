import type { Transaction } from "@arkade-os/sdk";
import { hex } from "@scure/base";
import { z } from "zod";

import { ArkdError } from "./arkd-error";
import { concatBytes, taggedHash, txidOf, utf8 } from "./bytes";
import type { CheckContext } from "./checks/check-context";
import { type DecodedVtxoScript, decodeClosure, decodeVtxoScript } from "./decode-vtxo-script";
import { isValidSignature, leafScriptOf, leavesOf, outpointOf, parsePsbt, signaturesOf, tapTreeOf } from "./psbt";
import type { Vtxo } from "./vtxo";

const PROOF_TAG = "ark-intent-proof-message";

export interface IntentProof {
  readonly tx: Transaction;
  /** VTXO i is spent by input i + 1 of the proof. */
  readonly vtxos: readonly Vtxo[];
}

/** Verifies the proof of a GetPendingTx and returns the VTXOs it proves. */
export function verifyPendingTxProof(context: CheckContext, proof: string, message: string): readonly Vtxo[] {
  checkMessage(context, message);
  return verifyIntentProof(context, proof, message).vtxos;
}

/**
 * Verifies a BIP-322 like ownership proof over whatever message. Input 0 spends a virtual tx that commits to the message, the
 * others are the VTXOs; each carries the owner's signature, by SIGHASH_ALL in the SDK.
 */
export function verifyIntentProof(context: CheckContext, proof: string, message: string): IntentProof {
  const tx = parseProof(proof);
  if (tx.inputsLength < 2) throw new ArkdError("INVALID_INTENT_PSBT", "the proof has no inputs", { tx: proof });
  const vtxos = Array.from({ length: tx.inputsLength - 1 }, (_, offset) => readProvenVtxo(context, tx, offset + 1));
  const first = vtxos[0];
  if (first === undefined || outpointOf(tx, 0) !== `${toSpendTxid(message, first.script)}:0`) {
    throw new ArkdError("INVALID_INTENT_PROOF", "the proof is not over this message");
  }
  const firstLeaf = leavesOf(tx, 1)[0] ?? fail("missing leaf of input 1");
  checkOwnerSigned(context, tx, 0, leafScriptOf(firstLeaf));
  for (let index = 1; index < tx.inputsLength; index += 1) {
    checkOwnerSigned(
      context,
      tx,
      index,
      leafScriptOf(leavesOf(tx, index)[0] ?? fail(`missing leaf of input ${index}`)),
    );
  }
  return { tx, vtxos };
}

const PendingTxMessage = z.object({ type: z.literal("get-pending-tx"), expire_at: z.number() });

function checkMessage({ nowSeconds }: CheckContext, message: string): void {
  const parsed = PendingTxMessage.safeParse(parseIntentMessage(message));
  if (!parsed.success) throw new ArkdError("INVALID_INTENT_MESSAGE", "not a get-pending-tx message");
  const expireAt = parsed.data.expire_at;
  if (expireAt > 0 && expireAt < nowSeconds) throw new ArkdError("INVALID_INTENT_TIMERANGE", "the proof has expired");
}

export function parseIntentMessage(message: string): unknown {
  try {
    return JSON.parse(message);
  } catch {
    throw new ArkdError("INVALID_INTENT_MESSAGE", "failed to parse the message");
  }
}

function parseProof(proof: string): Transaction {
  try {
    return parsePsbt(proof);
  } catch {
    throw new ArkdError("INVALID_INTENT_PSBT", "failed to parse psbt", { tx: proof });
  }
}

function readProvenVtxo({ state }: CheckContext, tx: Transaction, index: number): Vtxo {
  const vtxoId = outpointOf(tx, index);
  const vtxo = state.vtxos.get(vtxoId);
  if (vtxo === undefined) throw new ArkdError("VTXO_NOT_FOUND", `vtxo ${vtxoId} not found`, { vtxo_outpoint: vtxoId });
  const { witnessUtxo } = tx.getInput(index);
  if (witnessUtxo?.amount !== vtxo.amountSats || hex.encode(witnessUtxo.script) !== vtxo.script) {
    throw new ArkdError("INVALID_INTENT_PSBT", `the witness utxo of input ${index} is not the vtxo`);
  }
  const tapTree = tapTreeOf(tx, index);
  if (tapTree === undefined) throw new ArkdError("INVALID_INTENT_PSBT", `missing taptree of input ${index}`);
  const decoded = decodeTapTree(tapTree, index);
  const leaf = leavesOf(tx, index)[0];
  const isOwnLeaf =
    leaf !== undefined && decoded.leaves.some(({ proof }) => hex.encode(proof[1]) === hex.encode(leaf[1]));
  if (decoded.pkScript !== vtxo.script || !isOwnLeaf) fail(`input ${index} does not prove the vtxo's script`);
  return vtxo;
}

function decodeTapTree(tapTree: Uint8Array, index: number): DecodedVtxoScript {
  try {
    return decodeVtxoScript(tapTree);
  } catch {
    throw new ArkdError("INVALID_INTENT_PSBT", `failed to decode the taptree of input ${index}`);
  }
}

/** The owner's part of the leaf has signed; the server's own signature is not asked for. */
function checkOwnerSigned(
  { signerPubkey }: CheckContext,
  tx: Transaction,
  index: number,
  leafScript: Uint8Array,
): void {
  const closure = decodeClosure(leafScript) ?? fail(`input ${index} has an unknown closure`);
  const signatures = signaturesOf(tx, index, leafScript);
  for (const pubkey of closure.pubkeys.filter((key) => key !== signerPubkey)) {
    const signed = signatures.find((candidate) => candidate.pubkey === pubkey);
    if (signed === undefined || !isValidSignature(tx, index, leafScript, signed))
      fail(`input ${index} is not signed by its owner`);
  }
}

function fail(why: string): never {
  throw new ArkdError("INVALID_INTENT_PROOF", why);
}

/** The virtual tx that input 0 spends: version 0, a null outpoint whose scriptSig pushes the message hash, one output. */
function toSpendTxid(message: string, script: string): string {
  const pkScript = hex.decode(script);
  return txidOf(
    concatBytes(
      hex.decode(`0000000001${"00".repeat(32)}ffffffff220020`),
      taggedHash(PROOF_TAG, utf8(message)),
      hex.decode(`0000000001${"00".repeat(8)}`),
      Uint8Array.of(pkScript.length),
      pkScript,
      hex.decode("00000000"),
    ),
  );
}
