import type { Transaction } from "@arkade-os/sdk";

import { ArkdError } from "../arkd-error";
import type { ArkdState } from "../arkd-state";
import { outpointOf, parsePsbt } from "../psbt";

export interface SubmittedCheckpoint {
  readonly tx: Transaction;
  readonly txid: string;
  readonly vtxoId: string;
}

/** A SubmitTx request whose PSBTs parse, with one VTXO per checkpoint and none twice. */
export interface Submission {
  readonly arkTx: Transaction;
  readonly arkTxid: string;
  readonly checkpoints: ReadonlyMap<string, SubmittedCheckpoint>;
}

export function parseSubmission(state: ArkdState, signedArkTx: string, checkpointTxs: readonly string[]): Submission {
  const arkTx = parseOr("INVALID_ARK_PSBT", signedArkTx);
  const arkTxid = arkTx.id;
  if (arkTx.inputsLength === 0)
    throw new ArkdError("INVALID_ARK_PSBT", "the ark tx has no inputs", { tx: signedArkTx });
  const checkpoints = new Map<string, SubmittedCheckpoint>();
  const seen = new Set<string>();
  for (const text of checkpointTxs) {
    const checkpoint = parseCheckpoint(text);
    if (seen.has(checkpoint.vtxoId)) {
      throw new ArkdError("INVALID_PSBT_INPUT", "duplicated input", { txid: checkpoint.txid, input_index: "0" });
    }
    seen.add(checkpoint.vtxoId);
    checkpoints.set(checkpoint.txid, checkpoint);
  }
  if (state.offchainTxs.has(arkTxid))
    throw new ArkdError("INVALID_ARK_PSBT", "duplicated offchain tx", { tx: signedArkTx });
  return { arkTx, arkTxid, checkpoints };
}

function parseCheckpoint(text: string): SubmittedCheckpoint {
  const tx = parseOr("INVALID_CHECKPOINT_PSBT", text);
  if (tx.inputsLength === 0)
    throw new ArkdError("INVALID_PSBT_MISSING_INPUT", "the checkpoint has no inputs", { txid: tx.id });
  return { tx, txid: tx.id, vtxoId: outpointOf(tx, 0) };
}

function parseOr(errorName: "INVALID_ARK_PSBT" | "INVALID_CHECKPOINT_PSBT", text: string): Transaction {
  try {
    return parsePsbt(text);
  } catch {
    throw new ArkdError(errorName, "failed to parse psbt", { tx: text });
  }
}
