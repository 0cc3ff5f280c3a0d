import {
  type Asset,
  type AssetGroup,
  AssetMetaType,
  AssetType,
  AssetVersion,
  type GenesisInfo,
  ScriptKeyType as WireScriptKeyType,
} from "@arkrelay/daemons/proto/taprpc/taprootassets";

import { fromHex } from "../../lnd/calls/wire-bytes";
import type { AssetGenesis, Piece, ScriptKeyType } from "../engine/rows";
import type { TapdEngine } from "../engine/tapd-engine";

/** tapd leases an input for ten minutes. */
const LEASE_SECONDS = 600;
/** The owner a lease of a transfer has. */
const LEASE_OWNER = Buffer.alloc(32, 0x61);

/** One piece, as ListAssets shows it. */
export function toWireAsset(engine: TapdEngine, piece: Piece): Asset {
  const genesis = engine.wallet.genesisOf(piece.assetId);
  const isLeased = piece.spentBy !== "" && !piece.isSpendConfirmed;
  return {
    version: toWireAssetVersion(genesis.assetVersion),
    assetGenesis: toWireGenesis(genesis),
    amount: piece.amount,
    lockTime: 0,
    relativeLockTime: 0,
    scriptKey: fromHex(piece.scriptKey),
    scriptKeyIsLocal: piece.holder === "local",
    assetGroup: toWireGroup(engine, genesis.groupKey),
    chainAnchor: {
      anchorTx: Buffer.alloc(0),
      anchorBlockHash: piece.height === 0 ? "" : engine.facts.blockHash(piece.height),
      anchorOutpoint: piece.outpoint,
      internalKey: fromHex(piece.internalKey),
      merkleRoot: Buffer.alloc(0),
      tapscriptSibling: Buffer.alloc(0),
      blockHeight: piece.height,
      blockTimestamp: BigInt(piece.confirmedAt),
    },
    isSpent: piece.isSpendConfirmed,
    leaseOwner: isLeased ? LEASE_OWNER : Buffer.alloc(0),
    leaseExpiry: isLeased ? BigInt(Math.floor(engine.nowMs() / 1000) + LEASE_SECONDS) : 0n,
    isBurn: piece.scriptKeyType === "burn",
    decimalDisplay: { decimalDisplay: genesis.decimalDisplay },
    scriptKeyType: WIRE_SCRIPT_KEY_TYPES[piece.scriptKeyType],
  };
}

export function toWireGenesis(genesis: AssetGenesis): GenesisInfo {
  return {
    genesisPoint: genesis.genesisPoint,
    name: genesis.name,
    metaHash: fromHex(genesis.metaHash),
    assetId: fromHex(genesis.assetId),
    assetType: toWireAssetType(genesis.assetType),
    outputIndex: genesis.outputIndex,
  };
}

export function toWireGroup(engine: TapdEngine, groupKey: string): AssetGroup | undefined {
  const group = engine.state.groups.get(groupKey);
  if (group === undefined) return undefined;
  return {
    rawGroupKey: fromHex(group.rawGroupKey),
    tweakedGroupKey: fromHex(group.groupKey),
    assetWitness: Buffer.alloc(0),
    tapscriptRoot: Buffer.alloc(0),
  };
}

export function toWireAssetVersion(version: number): AssetVersion {
  return version === 1 ? AssetVersion.ASSET_VERSION_V1 : AssetVersion.ASSET_VERSION_V0;
}

export function toWireMetaType(type: number): AssetMetaType {
  return type === 1 ? AssetMetaType.META_TYPE_JSON : AssetMetaType.META_TYPE_OPAQUE;
}

export function toWireAssetType(type: AssetGenesis["assetType"]): AssetType {
  return type === "collectible" ? AssetType.COLLECTIBLE : AssetType.NORMAL;
}

export const WIRE_SCRIPT_KEY_TYPES: Readonly<Record<ScriptKeyType, WireScriptKeyType>> = {
  bip86: WireScriptKeyType.SCRIPT_KEY_BIP86,
  external: WireScriptKeyType.SCRIPT_KEY_SCRIPT_PATH_EXTERNAL,
  burn: WireScriptKeyType.SCRIPT_KEY_BURN,
  tombstone: WireScriptKeyType.SCRIPT_KEY_TOMBSTONE,
  channel: WireScriptKeyType.SCRIPT_KEY_CHANNEL,
};
