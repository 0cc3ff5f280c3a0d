import type {
  GetAssetRequest,
  GetAssetResponse,
  GetCommitmentTxRequest,
  GetCommitmentTxResponse,
  GetSubscriptionRequest,
  GetSubscriptionResponse,
  GetVirtualTxsRequest,
  GetVirtualTxsResponse,
  GetVtxosRequest,
  GetVtxosResponse,
  SubscribeForScriptsRequest,
  SubscribeForScriptsResponse,
  UnsubscribeForScriptsRequest,
  UnsubscribeForScriptsResponse,
} from "@arkrelay/daemons/proto/ark/v1/indexer";

import type { ArkdEngine } from "../engine/arkd-engine";
import { ArkdError, PlainStatusError } from "../engine/arkd-error";
import { paginate } from "./paginate";
import type { Sink, StreamRpc, UnaryRpc } from "./rpc";
import { selectVtxos } from "./select-vtxos";
import type { Subscriptions } from "./subscriptions";
import { type ChainedTx, traceVtxoChain } from "./trace-vtxo-chain";
import { toWireVtxo } from "./wire-vtxo";

export interface IndexerCalls {
  readonly getVtxos: UnaryRpc<GetVtxosRequest, GetVtxosResponse>;
  readonly getVirtualTxs: UnaryRpc<GetVirtualTxsRequest, GetVirtualTxsResponse>;
  readonly getVtxoChain: UnaryRpc<{ readonly vtxoId: string }, { readonly chain: readonly ChainedTx[] }>;
  readonly getCommitmentTx: UnaryRpc<GetCommitmentTxRequest, GetCommitmentTxResponse>;
  readonly getAsset: UnaryRpc<GetAssetRequest, GetAssetResponse>;
  readonly subscribeForScripts: UnaryRpc<SubscribeForScriptsRequest, SubscribeForScriptsResponse>;
  readonly unsubscribeForScripts: UnaryRpc<UnsubscribeForScriptsRequest, UnsubscribeForScriptsResponse>;
  readonly getSubscription: StreamRpc<GetSubscriptionRequest, GetSubscriptionResponse>;
}

export function indexerCalls(engine: ArkdEngine, subscriptions: Subscriptions): IndexerCalls {
  return {
    getVtxos: { name: "GetVtxos", run: (request) => getVtxos(engine, request) },
    getVirtualTxs: { name: "GetVirtualTxs", run: (request) => getVirtualTxs(engine, request) },
    getVtxoChain: { name: "GetVtxoChain", run: ({ vtxoId }) => ({ chain: traceVtxoChain(engine.state, vtxoId) }) },
    getCommitmentTx: { name: "GetCommitmentTx", run: ({ txid }) => getCommitmentTx(engine, txid) },
    getAsset: { name: "GetAsset", run: ({ assetId }) => getAsset(engine, assetId) },
    subscribeForScripts: {
      name: "SubscribeForScripts",
      run: ({ scripts, subscriptionId }) => ({
        subscriptionId: subscriptions.subscribe(checkScripts(scripts), subscriptionId),
      }),
    },
    unsubscribeForScripts: {
      name: "UnsubscribeForScripts",
      run: ({ scripts, subscriptionId }) => {
        subscriptions.unsubscribe(subscriptionId, scripts);
        return {};
      },
    },
    getSubscription: {
      name: "GetSubscription",
      heartbeat: { data: { $case: "heartbeat", value: {} } },
      open: (request, sink) => openSubscription(subscriptions, request, sink),
    },
  };
}

function getVtxos(engine: ArkdEngine, request: GetVtxosRequest): GetVtxosResponse {
  engine.sweepExpired();
  const { items, page } = paginate(selectVtxos(engine.state, request), request.page);
  return { vtxos: items.map(toWireVtxo), page };
}

function getVirtualTxs(engine: ArkdEngine, request: GetVirtualTxsRequest): GetVirtualTxsResponse {
  if (request.txids.length === 0) throw new PlainStatusError("INVALID_ARGUMENT", "missing txids");
  const found = request.txids.flatMap((txid) => engine.state.virtualTxs.get(txid) ?? []);
  const { items, page } = paginate(found, request.page);
  return { txs: [...items], page, authToken: "" };
}

function getCommitmentTx(engine: ArkdEngine, txid: string): GetCommitmentTxResponse {
  engine.sweepExpired();
  const commitment = engine.state.commitments.get(txid);
  if (commitment === undefined) throw new ArkdError("TX_NOT_FOUND", `commitment tx ${txid} not found`, { txid });
  const { totalSats, vtxoIds, createdAt, expiresAt, inputSats, inputCount } = commitment;
  const swept = vtxoIds.some((vtxoId) => engine.state.vtxos.get(vtxoId)?.isSwept === true);
  const total = { totalOutputAmount: totalSats, totalOutputVtxos: vtxoIds.length };
  return {
    startedAt: BigInt(createdAt),
    endedAt: BigInt(createdAt),
    batches: { 0: { ...total, expiresAt: BigInt(expiresAt), swept } },
    totalInputAmount: inputSats,
    totalInputVtxos: inputCount,
    ...total,
  };
}

/** An unknown asset is an INTERNAL without details: that is how arkd answers a lookup that finds no row. */
function getAsset(engine: ArkdEngine, assetId: string): GetAssetResponse {
  if (assetId === "") throw new PlainStatusError("INVALID_ARGUMENT", "missing asset id");
  const asset = engine.state.assets.get(assetId);
  if (asset === undefined) throw new PlainStatusError("INTERNAL", `asset ${assetId} not found`);
  const { metadata, controlAssetId } = asset;
  return { assetId, supply: String(engine.state.supplyOf(assetId)), metadata, controlAsset: controlAssetId };
}

function checkScripts(scripts: readonly string[]): readonly string[] {
  if (scripts.length === 0) throw new PlainStatusError("INVALID_ARGUMENT", "missing scripts");
  const wrong = scripts.find((script) => !/^5120[0-9a-f]{64}$/.test(script));
  if (wrong !== undefined) throw new PlainStatusError("INVALID_ARGUMENT", `invalid script ${wrong}`);
  return scripts;
}

function openSubscription(
  subscriptions: Subscriptions,
  { subscriptionId, filter }: GetSubscriptionRequest,
  sink: Sink<GetSubscriptionResponse>,
): void {
  if (subscriptionId !== "") return subscriptions.attach(subscriptionId, sink);
  const scripts = filter?.scripts?.add ?? [];
  if ((filter?.expressions.length ?? 0) > 0) {
    throw new ArkdError("INVALID_TX_FILTER", "this development arkd evaluates no expressions, use scripts");
  }
  if (scripts.length === 0) throw new PlainStatusError("INVALID_ARGUMENT", "missing subscription id or filter");
  subscriptions.attachNew(checkScripts(scripts), sink);
}
