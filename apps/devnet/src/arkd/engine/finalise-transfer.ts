import type { Transaction } from "@arkade-os/sdk";
import { hex } from "@scure/base";

import { ArkdError } from "./arkd-error";
import type { OffchainTx } from "./arkd-state";
import { assetsByOutput, readAssetGroups } from "./asset-packet";
import type { CheckContext } from "./checks/check-context";
import { readArkOutputs } from "./checks/read-ark-outputs";
import { decodeClosure } from "./decode-vtxo-script";
import { addSignature, isValidSignature, leafScriptOf, leavesOf, parsePsbt, signaturesOf, toPsbt } from "./psbt";
import type { ArkdRecord, CheckpointRecord } from "./records";
import { supplyChanges } from "./supply-changes";
import { isSpent, type Vtxo } from "./vtxo";

/** Looks a transfer up for FinalizeTx. Its two refusals do not poison anything. */
export function findFinalisable({ state }: CheckContext, arkTxid: string): OffchainTx {
  const tx = state.offchainTxs.get(arkTxid);
  if (tx === undefined) throw new ArkdError("TX_NOT_FOUND", `offchain tx ${arkTxid} not found`, { txid: arkTxid });
  if (tx.stage !== "accepted") throw new ArkdError("INTERNAL_ERROR", "not in a valid stage to finalize offchain tx");
  return tx;
}

/**
 * Decides about a FinalizeTx of an accepted transfer. Pure. Any ArkdError from here is final: arkd stores the failure, and the
 * inputs stay spent for ever, so the caller must record it.
 */
export function finaliseTransfer(
  context: CheckContext,
  nowMs: number,
  tx: OffchainTx,
  finalCheckpointTxs: readonly string[],
): Extract<ArkdRecord, { type: "finalised" }> {
  const given = new Map(finalCheckpointTxs.map(parseCheckpoint).map((checkpoint) => [checkpoint.id, checkpoint]));
  const checkpoints = tx.checkpoints.map((checkpoint) => completeCheckpoint(checkpoint, given.get(checkpoint.txid)));
  const inputs = tx.checkpoints.map(({ vtxoId }) => getInput(context, vtxoId));
  const expiresAt = Math.min(...inputs.map((vtxo) => vtxo.expiresAt));
  // A transfer may be finalised after its inputs expired; its outputs then come out swept, that is recoverable.
  const isExpired = expiresAt <= context.nowSeconds;
  const arkTx = parsePsbt(tx.psbt);
  const groups = readAssetGroups(arkTx);
  const assets = assetsByOutput(tx.arkTxid, groups);
  const outputs = readArkOutputs(context.state.settings, { arkTx, arkTxid: tx.arkTxid, checkpoints: new Map() });
  return {
    type: "finalised",
    atMs: nowMs,
    arkTxid: tx.arkTxid,
    checkpoints,
    expiresAt,
    depth: Math.max(...inputs.map((vtxo) => vtxo.depth)) + 1,
    commitmentTxids: [...new Set(inputs.flatMap((vtxo) => vtxo.commitmentTxids))],
    vtxos: outputs.map(({ vout, amountSats, script, isSubDust }) => ({
      vout,
      amountSats: String(amountSats),
      script,
      isSwept: isSubDust || isExpired,
      assets: (assets.get(vout) ?? []).map(({ assetId, amount }) => ({ assetId, amount: String(amount) })),
    })),
    supply: supplyChanges(tx.arkTxid, groups),
  };
}

function parseCheckpoint(text: string): Transaction {
  try {
    return parsePsbt(text);
  } catch {
    throw new ArkdError("INVALID_SIGNATURE", "failed to parse the checkpoint", { tx: text });
  }
}

/** Every key of the closure has signed; the signatures go into our own copy, so nothing else of the client's PSBT counts. */
function completeCheckpoint(record: CheckpointRecord, given: Transaction | undefined): CheckpointRecord {
  if (given === undefined) throw new ArkdError("INTERNAL_ERROR", `missing signed checkpoint ${record.txid}`);
  const own = parsePsbt(record.psbt);
  const leafScript = leafScriptOf(leavesOf(own, 0)[0] ?? missingLeaf(record));
  const signatures = signaturesOf(given, 0, leafScript);
  for (const pubkey of decodeClosure(leafScript)?.pubkeys ?? []) {
    const signed = signatures.find((candidate) => candidate.pubkey === pubkey);
    if (signed === undefined || !isValidSignature(own, 0, leafScript, signed)) {
      const why = signed === undefined ? "missing" : "invalid";
      throw new ArkdError("INVALID_SIGNATURE", `${why} signature of ${pubkey}`, { tx: record.txid });
    }
    const isKnown = (own.getInput(0).tapScriptSig ?? []).some(([key]) => hex.encode(key.pubKey) === pubkey);
    if (!isKnown) addSignature(own, 0, leafScript, pubkey, signed.encoded);
  }
  return { ...record, psbt: toPsbt(own) };
}

function missingLeaf(record: CheckpointRecord): never {
  throw new ArkdError("INTERNAL_ERROR", `checkpoint ${record.txid} has no leaf`);
}

function getInput({ state }: CheckContext, vtxoId: string): Vtxo {
  const vtxo = state.vtxos.get(vtxoId);
  if (vtxo === undefined || !isSpent(vtxo)) throw new ArkdError("INTERNAL_ERROR", `input ${vtxoId} is not ours`);
  if (vtxo.isUnrolled) {
    throw new ArkdError("VTXO_ALREADY_UNROLLED", `vtxo ${vtxoId} is already unrolled`, { vtxo_outpoint: vtxoId });
  }
  return vtxo;
}
