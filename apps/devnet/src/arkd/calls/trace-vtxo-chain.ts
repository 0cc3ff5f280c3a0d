import { ArkdError } from "../engine/arkd-error";
import type { ArkdState } from "../engine/arkd-state";

export type ChainedTxType =
  | "INDEXER_CHAINED_TX_TYPE_COMMITMENT"
  | "INDEXER_CHAINED_TX_TYPE_ARK"
  | "INDEXER_CHAINED_TX_TYPE_TREE"
  | "INDEXER_CHAINED_TX_TYPE_CHECKPOINT";

/** One tx on the way from a VTXO back to its commitments, with the txs it spends. */
export interface ChainedTx {
  readonly txid: string;
  readonly expiresAt: bigint;
  readonly type: ChainedTxType;
  readonly spends: readonly string[];
}

/** Everything a unilateral exit would have to publish, from the VTXO's own tx back to the commitments. Throws VTXO_NOT_FOUND. */
export function traceVtxoChain(state: ArkdState, vtxoId: string): readonly ChainedTx[] {
  const chain = new Map<string, ChainedTx>();
  const waiting = [vtxoId];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    for (const [tx, parents] of stepsOf(state, next)) {
      if (chain.has(tx.txid)) continue;
      chain.set(tx.txid, tx);
      waiting.push(...parents);
    }
  }
  return [...chain.values()];
}

/** The txs directly behind a VTXO, each with the VTXOs to go on from. */
function stepsOf(state: ArkdState, vtxoId: string): readonly (readonly [ChainedTx, readonly string[]])[] {
  const vtxo = state.vtxos.get(vtxoId);
  if (vtxo === undefined) throw new ArkdError("VTXO_NOT_FOUND", `vtxo ${vtxoId} not found`, { vtxo_outpoint: vtxoId });
  const { txid } = vtxo;
  const expiresAt = BigInt(vtxo.expiresAt);
  const transfer = state.offchainTxs.get(txid);
  if (transfer === undefined) {
    const [root = ""] = vtxo.commitmentTxids;
    return [
      [{ txid, expiresAt, type: "INDEXER_CHAINED_TX_TYPE_TREE", spends: [root] }, []],
      [{ txid: root, expiresAt, type: "INDEXER_CHAINED_TX_TYPE_COMMITMENT", spends: [] }, []],
    ];
  }
  const checkpoints = transfer.checkpoints.map((checkpoint) => {
    const spends = [checkpoint.vtxoId.split(":")[0] ?? ""];
    const step: ChainedTx = { txid: checkpoint.txid, expiresAt, type: "INDEXER_CHAINED_TX_TYPE_CHECKPOINT", spends };
    return [step, [checkpoint.vtxoId]] as const;
  });
  const spends = checkpoints.map(([checkpoint]) => checkpoint.txid);
  return [[{ txid, expiresAt, type: "INDEXER_CHAINED_TX_TYPE_ARK", spends }, []], ...checkpoints];
}
