import type {
  CancelBatchResponse,
  FinalizeBatchRequest,
  FinalizeBatchResponse,
  FundBatchRequest,
  FundBatchResponse,
  ListBatchRequest,
  ListBatchResponse,
  MintAsset,
  MintAssetRequest,
  MintAssetResponse,
  SealBatchRequest,
  SealBatchResponse,
} from "@arkrelay/daemons/proto/mintrpc/mint";
import { AssetType } from "@arkrelay/daemons/proto/taprpc/taprootassets";

import { fromHex } from "../../lnd/calls/wire-bytes";
import { checkFeeRate } from "../engine/anchor-fee";
import type { NewAsset } from "../engine/check-new-asset";
import type { MintBatch } from "../engine/rows";
import type { TapdEngine } from "../engine/tapd-engine";
import { TapdError } from "../engine/tapd-error";
import { readHex, readPubkey } from "./read-request";
import { toVerboseBatch, toWireBatch } from "./wire-batch";

/** The one pending batch, and the old ones. */
export function mintCalls(engine: TapdEngine) {
  const { minter } = engine;
  return {
    mintAsset: ({ asset, shortResponse }: MintAssetRequest): MintAssetResponse => {
      if (asset === undefined) throw new TapdError("asset cannot be nil");
      return { pendingBatch: toWireBatch(engine, minter.queue(readNewAsset(asset)), shortResponse) };
    },
    fundBatch: ({ feeRate, shortResponse }: FundBatchRequest): FundBatchResponse => {
      checkFeeRate(feeRate);
      return { batch: toVerboseBatch(engine, minter.fund(), !shortResponse) };
    },
    sealBatch: ({ shortResponse }: SealBatchRequest): SealBatchResponse => ({
      batch: toWireBatch(engine, minter.seal(), shortResponse),
    }),
    finalizeBatch: ({ feeRate, shortResponse }: FinalizeBatchRequest): FinalizeBatchResponse => {
      checkFeeRate(feeRate);
      return { batch: toWireBatch(engine, minter.finalize(feeRate), shortResponse) };
    },
    cancelBatch: (): CancelBatchResponse => ({ batchKey: fromHex(minter.cancel()) }),
    listBatches: ({ filter, verbose }: ListBatchRequest): ListBatchResponse => ({
      batches: findBatches(engine, filter).map((batch) => toVerboseBatch(engine, batch, verbose)),
    }),
  };
}

function readNewAsset(asset: MintAsset): NewAsset {
  return {
    name: asset.name,
    assetType: asset.assetType === AssetType.COLLECTIBLE ? "collectible" : "normal",
    assetVersion: asset.assetVersion,
    meta:
      asset.assetMeta === undefined
        ? undefined
        : { data: asset.assetMeta.data.toString("hex"), type: asset.assetMeta.type },
    amount: asset.amount,
    isNewGroup: asset.newGroupedAsset,
    isGrouped: asset.groupedAsset,
    groupKey: asset.groupKey.length === 0 ? "" : readPubkey(asset.groupKey, "invalid group key"),
    groupAnchor: asset.groupAnchor,
    decimalDisplay: asset.decimalDisplay,
    scriptKey: asset.scriptKey === undefined ? "" : readPubkey(asset.scriptKey.pubKey, "invalid script key"),
  };
}

function findBatches(engine: TapdEngine, filter: ListBatchRequest["filter"]): readonly MintBatch[] {
  const bytes = filter?.$case === "batchKeyStr" ? readHex(filter.value, "invalid batch key string") : filter?.value;
  if (bytes === undefined || bytes.length === 0) return engine.minter.list();
  const batchKey = readPubkey(bytes, "invalid batch key");
  const batch = engine.minter.find(batchKey);
  if (batch === undefined) throw new TapdError("unable to list batches: sql: no rows in result set");
  return [batch];
}
