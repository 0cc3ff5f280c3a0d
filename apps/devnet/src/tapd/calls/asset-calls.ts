import { SortDirection } from "@arkrelay/daemons/proto/taprpc/tapcommon";
import type {
  Asset,
  FetchAssetMetaRequest,
  FetchAssetMetaResponse,
  FetchAssetRequest,
  FetchAssetResponse,
  GetInfoResponse,
  ListAssetRequest,
  ListAssetResponse,
  ListBalancesRequest,
  ListBalancesResponse,
  ListGroupsResponse,
  ListUtxosRequest,
  ListUtxosResponse,
  ManagedUtxo,
} from "@arkrelay/daemons/proto/taprpc/taprootassets";

import { fromHex } from "../../lnd/calls/wire-bytes";
import type { PieceFilter } from "../engine/asset-wallet";
import type { AssetGenesis, Piece } from "../engine/rows";
import type { TapdEngine } from "../engine/tapd-engine";
import { TapdError } from "../engine/tapd-error";
import {
  readAssetId,
  readHex,
  readOutpoint,
  readPage,
  readPubkey,
  readScriptKeyType,
  readWireSpecifier,
} from "./read-request";
import { toWireAsset, toWireAssetType, toWireAssetVersion, toWireGenesis, toWireMetaType } from "./wire-asset";

const VERSIONS = { "0.7": "0.7.2-alpha commit=devnet", "0.8": "0.8.1-alpha commit=devnet" } as const;

/** What our tapd is and holds. */
export function assetCalls(engine: TapdEngine) {
  const { wallet } = engine;
  return {
    getInfo: (): GetInfoResponse => ({
      version: VERSIONS[engine.settings.version],
      lndVersion: engine.facts.version,
      network: engine.facts.network,
      lndIdentityPubkey: engine.lnd.nodePubkey,
      nodeAlias: engine.facts.alias,
      blockHeight: engine.lnd.height,
      blockHash: engine.facts.blockHash(engine.lnd.height),
      syncToChain: true,
    }),
    listAssets: (request: ListAssetRequest): ListAssetResponse => ({
      assets: toWireAssets(engine, pageOfAssets(engine, request)),
      unconfirmedTransfers: BigInt(wallet.unconfirmedTransfers().length),
      unconfirmedMints: BigInt(wallet.unconfirmedMintCount()),
    }),
    fetchAsset: (request: FetchAssetRequest): FetchAssetResponse => {
      if (engine.settings.version === "0.7")
        throw new TapdError("unknown method FetchAsset for service taprpc.TaprootAssets", "UNIMPLEMENTED");
      if (request.assetSpecifier === undefined) throw new TapdError("asset_specifier must be set");
      const { assetId, groupKey } = readWireSpecifier(request.assetSpecifier.id);
      const pieces = wallet.listPieces({
        ...flagsOf(request),
        ...(assetId === "" ? { groupKey } : { assetId }),
      });
      return { assets: toWireAssets(engine, pieces.toReversed()) };
    },
    fetchAssetMeta: (request: FetchAssetMetaRequest): FetchAssetMetaResponse => toWireMeta(findMeta(engine, request)),
    listGroups: (): ListGroupsResponse => listGroups(engine),
    listUtxos: (request: ListUtxosRequest): ListUtxosResponse => listUtxos(engine, request),
    listBalances: (request: ListBalancesRequest): ListBalancesResponse => listBalances(engine, request),
  };
}

function toWireAssets(engine: TapdEngine, pieces: readonly Piece[]): Asset[] {
  return pieces.map((piece) => toWireAsset(engine, piece));
}

type Flags = Pick<ListAssetRequest, "includeSpent" | "includeLeased" | "includeUnconfirmedMints" | "scriptKeyType">;

function flagsOf({ includeSpent, includeLeased, includeUnconfirmedMints, scriptKeyType }: Flags): PieceFilter {
  const type = readScriptKeyType(scriptKeyType);
  return { ...type, includeSpent: includeSpent || type.includeSpent === true, includeLeased, includeUnconfirmedMints };
}

function pageOfAssets(engine: TapdEngine, request: ListAssetRequest): readonly Piece[] {
  if (request.includeSpent && request.includeLeased) {
    throw new TapdError("cannot specify both include_spent and include_leased");
  }
  const pieces = engine.wallet.listPieces({
    ...flagsOf(request),
    minAmount: request.minAmount,
    maxAmount: request.maxAmount,
    ...(request.groupKey.length === 0 ? {} : { groupKey: readPubkey(request.groupKey, "error parsing group key") }),
    ...(request.scriptKey === undefined ? {} : { scriptKey: request.scriptKey.pubKey.toString("hex") }),
    ...(request.anchorOutpoint === undefined ? {} : { outpoint: readOutpoint(request.anchorOutpoint) }),
  });
  // Before 0.8 there were no pages, and the oldest came first.
  if (engine.settings.version === "0.7") return pieces;
  return readPage(pieces, { ...request, isAscending: request.direction === SortDirection.SORT_DIRECTION_ASC });
}

function findMeta(engine: TapdEngine, { asset }: FetchAssetMetaRequest): AssetGenesis {
  const known = [...engine.state.genesis.values()].filter(({ isKnown }) => isKnown);
  const byId = (id: string): AssetGenesis | undefined => known.find(({ assetId }) => assetId === id);
  const byHash = (hash: string): AssetGenesis | undefined => known.find(({ metaHash }) => metaHash === hash);
  const find = (): AssetGenesis | undefined => {
    switch (asset?.$case) {
      case "assetId":
        return byId(readAssetId(asset.value));
      case "assetIdStr":
        return byId(readAssetId(readHex(asset.value, "error hex decoding asset ID")));
      case "metaHash":
        return byHash(readMetaHash(asset.value));
      case "metaHashStr":
        return byHash(readMetaHash(readHex(asset.value, "error hex decoding meta hash")));
      case undefined:
        throw new TapdError("either asset ID or meta hash must be set");
    }
  };
  const found = find();
  if (found === undefined) throw new TapdError("unable to fetch asset meta: asset meta not found");
  return found;
}

function readMetaHash(bytes: Uint8Array): string {
  if (bytes.length !== 32) throw new TapdError("meta hash must be 32 bytes");
  return Buffer.from(bytes).toString("hex");
}

function toWireMeta(genesis: AssetGenesis): FetchAssetMetaResponse {
  return {
    data: fromHex(genesis.metaData),
    type: toWireMetaType(genesis.metaType),
    metaHash: fromHex(genesis.metaHash),
    unknownOddTypes: new Map(),
    decimalDisplay: genesis.decimalDisplay,
    universeCommitments: false,
    canonicalUniverseUrls: [],
    delegationKey: Buffer.alloc(0),
  };
}

function listGroups(engine: TapdEngine): ListGroupsResponse {
  const groups: ListGroupsResponse["groups"] = {};
  for (const piece of engine.wallet.listPieces({ includeSpent: false })) {
    const genesis = engine.wallet.genesisOf(piece.assetId);
    if (genesis.groupKey === "") continue;
    const group = (groups[genesis.groupKey] ??= { assets: [] });
    group.assets.push({
      id: fromHex(genesis.assetId),
      amount: piece.amount,
      lockTime: 0,
      relativeLockTime: 0,
      tag: genesis.name,
      metaHash: fromHex(genesis.metaHash),
      type: toWireAssetType(genesis.assetType),
      version: toWireAssetVersion(genesis.assetVersion),
    });
  }
  return { groups };
}

function listUtxos(engine: TapdEngine, request: ListUtxosRequest): ListUtxosResponse {
  const managedUtxos: Record<string, ManagedUtxo> = {};
  const pieces = engine.wallet.listPieces({
    ...readScriptKeyType(request.scriptKeyType),
    includeLeased: request.includeLeased,
    includeUnconfirmedMints: true,
  });
  for (const piece of pieces) {
    const asset = toWireAsset(engine, piece);
    const utxo = (managedUtxos[piece.outpoint] ??= {
      outPoint: piece.outpoint,
      amtSat: piece.anchorSats,
      internalKey: fromHex(piece.internalKey),
      taprootAssetRoot: Buffer.alloc(0),
      merkleRoot: Buffer.alloc(0),
      assets: [],
      leaseOwner: asset.leaseOwner,
      leaseExpiryUnix: asset.leaseExpiry,
    });
    utxo.assets.push(asset);
  }
  return { managedUtxos };
}

function listBalances(engine: TapdEngine, request: ListBalancesRequest): ListBalancesResponse {
  const { groupBy, assetFilter, groupKeyFilter, includeLeased } = request;
  // What is not confirmed yet is no balance; a spent piece never is.
  const filter = { ...readScriptKeyType(request.scriptKeyType), includeLeased, includeSpent: false };
  const answer: ListBalancesResponse = {
    assetBalances: {},
    assetGroupBalances: {},
    unconfirmedTransfers: BigInt(engine.wallet.unconfirmedTransfers().length),
  };
  if (groupBy?.value !== true) throw new TapdError("invalid group_by");
  if (groupBy.$case === "assetId") {
    if (assetFilter.length !== 0 && assetFilter.length !== 32) throw new TapdError("invalid asset filter");
    const wanted = assetFilter.length === 0 ? {} : { assetId: assetFilter.toString("hex") };
    for (const [assetId, balance] of engine.wallet.balancesByAsset({ ...filter, ...wanted })) {
      const genesis = engine.wallet.genesisOf(assetId);
      answer.assetBalances[assetId] = {
        assetGenesis: toWireGenesis(genesis),
        balance,
        groupKey: fromHex(genesis.groupKey),
      };
    }
    return answer;
  }
  const wanted =
    groupKeyFilter.length === 0 ? {} : { groupKey: readPubkey(groupKeyFilter, "invalid group key filter") };
  for (const [groupKey, balance] of engine.wallet.balancesByGroup({ ...filter, ...wanted })) {
    answer.assetGroupBalances[groupKey] = { groupKey: fromHex(groupKey), balance };
  }
  return answer;
}
