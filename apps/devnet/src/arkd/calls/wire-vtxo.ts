import type { Vtxo as WireVtxo } from "@arkrelay/daemons/proto/ark/v1/types";

import { type Vtxo, isSpent } from "../engine/vtxo";

/** The same fields in ArkService's Vtxo and the indexer's IndexerVtxo; only their numbers on the wire differ. */
export function toWireVtxo(vtxo: Vtxo): WireVtxo {
  return {
    outpoint: { txid: vtxo.txid, vout: vtxo.vout },
    amount: vtxo.amountSats,
    script: vtxo.script,
    createdAt: BigInt(vtxo.createdAt),
    expiresAt: BigInt(vtxo.expiresAt),
    commitmentTxids: [...vtxo.commitmentTxids],
    isPreconfirmed: vtxo.isPreconfirmed,
    isSwept: vtxo.isSwept,
    isUnrolled: vtxo.isUnrolled,
    isSpent: isSpent(vtxo),
    spentBy: vtxo.spentBy,
    settledBy: vtxo.settledBy,
    arkTxid: vtxo.arkTxid,
    assets: vtxo.assets.map(({ assetId, amount }) => ({ assetId, amount })),
    depth: vtxo.depth,
  };
}
