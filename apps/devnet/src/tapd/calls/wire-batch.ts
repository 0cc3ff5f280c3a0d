import {
  BatchState as WireBatchState,
  type MintingBatch,
  type PendingAsset,
  type VerboseBatch,
} from "@arkrelay/daemons/proto/mintrpc/mint";

import { fromHex } from "../../lnd/calls/wire-bytes";
import { assetIdOf } from "../engine/asset-id";
import type { BatchState, MintBatch, Seedling } from "../engine/rows";
import type { TapdEngine } from "../engine/tapd-engine";
import { WIRE_SCRIPT_KEY_TYPES, toWireAssetType, toWireAssetVersion, toWireMetaType } from "./wire-asset";

export const WIRE_BATCH_STATES: Readonly<Record<BatchState, WireBatchState>> = {
  pending: WireBatchState.BATCH_STATE_PENDING,
  frozen: WireBatchState.BATCH_STATE_FROZEN,
  committed: WireBatchState.BATCH_STATE_COMMITTED,
  broadcast: WireBatchState.BATCH_STATE_BROADCAST,
  confirmed: WireBatchState.BATCH_STATE_CONFIRMED,
  finalized: WireBatchState.BATCH_STATE_FINALIZED,
  seedling_cancelled: WireBatchState.BATCH_STATE_SEEDLING_CANCELLED,
  sprout_cancelled: WireBatchState.BATCH_STATE_SPROUT_CANCELLED,
};

export function toWireBatch(engine: TapdEngine, batch: MintBatch, isShort = false): MintingBatch {
  return {
    batchKey: fromHex(batch.batchKey),
    batchTxid: batch.txid,
    state: WIRE_BATCH_STATES[batch.state],
    assets: isShort ? [] : batch.seedlings.map((seedling) => toPendingAsset(engine, batch, seedling)),
    createdAt: BigInt(batch.createdAt),
    heightHint: batch.heightHint,
    batchPsbt: Buffer.alloc(0),
  };
}

/** Unsealed assets are those of a funded batch that join a group. */
export function toVerboseBatch(engine: TapdEngine, batch: MintBatch, isVerbose: boolean): VerboseBatch {
  const isOpen = isVerbose && batch.genesisPoint !== "" && !batch.isSealed && batch.state === "pending";
  const grouped = batch.seedlings.filter(
    ({ isNewGroup, groupKey, groupAnchor }) => isNewGroup || groupKey !== "" || groupAnchor !== "",
  );
  return {
    batch: toWireBatch(engine, batch),
    unsealedAssets: isOpen
      ? grouped.map((seedling) => ({
          asset: toPendingAsset(engine, batch, seedling),
          groupKeyRequest: undefined,
          groupVirtualTx: undefined,
          groupVirtualPsbt: "",
        }))
      : [],
  };
}

function toPendingAsset(engine: TapdEngine, batch: MintBatch, seedling: Seedling): PendingAsset {
  return {
    assetVersion: toWireAssetVersion(seedling.assetVersion),
    assetType: toWireAssetType(seedling.assetType),
    name: seedling.name,
    assetMeta: {
      data: fromHex(seedling.metaData),
      type: toWireMetaType(seedling.metaType),
      metaHash: fromHex(seedling.metaHash),
    },
    amount: seedling.amount,
    newGroupedAsset: seedling.isNewGroup,
    groupKey: fromHex(groupKeyOf(engine, batch, seedling)),
    groupAnchor: seedling.groupAnchor,
    scriptKey: {
      pubKey: fromHex(seedling.scriptKey),
      keyDesc: undefined,
      tapTweak: Buffer.alloc(0),
      type: WIRE_SCRIPT_KEY_TYPES.bip86,
    },
  };
}

/** A new group has its key only once the batch is broadcast. */
function groupKeyOf(engine: TapdEngine, { genesisPoint }: MintBatch, seedling: Seedling): string {
  if (seedling.groupKey !== "" || genesisPoint === "") return seedling.groupKey;
  const assetId = assetIdOf({ ...seedling, genesisPoint, outputIndex: 0 });
  return engine.state.genesis.get(assetId)?.groupKey ?? "";
}
