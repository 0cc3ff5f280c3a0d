import { assert } from "@arkrelay/core/errors";
import type { ArkVtxo } from "@arkrelay/core/ports/ark-daemon";

import type { IndexerVtxo } from "../gen/ark/v1/indexer";

export function toArkVtxo(vtxo: IndexerVtxo): ArkVtxo {
  const { outpoint } = vtxo;
  assert(outpoint !== undefined, "arkd names the outpoint of a VTXO");
  return {
    vtxoId: `${outpoint.txid}:${outpoint.vout}`,
    txid: outpoint.txid,
    vout: outpoint.vout,
    script: vtxo.script,
    amountSats: vtxo.amount,
    createdAt: fromUnixSeconds(vtxo.createdAt),
    expiresAt: vtxo.expiresAt === 0n ? null : fromUnixSeconds(vtxo.expiresAt),
    isPreconfirmed: vtxo.isPreconfirmed,
    isSwept: vtxo.isSwept,
    isUnrolled: vtxo.isUnrolled,
    isSpent: vtxo.isSpent,
    spentBy: vtxo.spentBy,
    settledBy: vtxo.settledBy,
    arkTxid: vtxo.arkTxid,
    commitmentTxids: vtxo.commitmentTxids,
    assets: vtxo.assets,
  };
}

function fromUnixSeconds(seconds: bigint): Date {
  return new Date(Number(seconds) * 1000);
}
