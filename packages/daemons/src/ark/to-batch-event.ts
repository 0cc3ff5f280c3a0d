import type { ArkBatchEvent } from "@arkrelay/core/ports/ark-batches";

import type { GetEventStreamResponse } from "../gen/ark/v1/service";

/** undefined = nothing that a participant acts upon: a heartbeat, the stream's own messages, sums of what was told one by one. */
export function toBatchEvent({ event }: GetEventStreamResponse): ArkBatchEvent | undefined {
  switch (event?.$case) {
    case "batchStarted": {
      const { id, intentIdHashes, batchExpiry } = event.value;
      return { kind: "batch_started", batchId: id, intentIdHashes, batchExpiry: Number(batchExpiry) };
    }
    case "treeTx": {
      const { id, batchIndex, txid, tx, children } = event.value;
      const tree = batchIndex === 0 ? "vtxos" : "connectors";
      return { kind: "tree_tx", batchId: id, tree, node: { txid, psbt: tx, children } };
    }
    case "treeSigningStarted": {
      const { id, cosignersPubkeys, unsignedCommitmentTx } = event.value;
      const commitmentPsbt = unsignedCommitmentTx;
      return { kind: "tree_signing_started", batchId: id, cosignerPubkeys: cosignersPubkeys, commitmentPsbt };
    }
    case "treeNonces": {
      const { id, txid, nonces } = event.value;
      return { kind: "tree_nonces", batchId: id, txid, nonces };
    }
    case "treeSignature": {
      const { id, txid, signature, batchIndex } = event.value;
      return batchIndex === 0 ? { kind: "tree_signature", batchId: id, txid, signature } : undefined;
    }
    case "batchFinalization":
      return { kind: "batch_finalization", batchId: event.value.id, commitmentPsbt: event.value.commitmentTx };
    case "batchFinalized":
      return { kind: "batch_finalized", batchId: event.value.id, commitmentTxid: event.value.commitmentTxid };
    case "batchFailed":
      return { kind: "batch_failed", batchId: event.value.id, reason: event.value.reason };
    case "treeNoncesAggregated":
    case "heartbeat":
    case "streamStarted":
    case undefined:
      return undefined;
  }
}
