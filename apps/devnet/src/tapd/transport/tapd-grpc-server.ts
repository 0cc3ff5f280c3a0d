import { Server } from "@grpc/grpc-js";

import { AssetWalletService } from "@arkrelay/daemons/proto/assetwalletrpc/assetwallet";
import { MintService } from "@arkrelay/daemons/proto/mintrpc/mint";
import { RfqService } from "@arkrelay/daemons/proto/rfqrpc/rfq";
import { TaprootAssetChannelsService } from "@arkrelay/daemons/proto/tapchannelrpc/tapchannel";
import { TaprootAssetsService } from "@arkrelay/daemons/proto/taprpc/taprootassets";
import { UniverseService } from "@arkrelay/daemons/proto/universerpc/universe";

import type { DaemonGate } from "../../grpc/daemon-gate";
import { GrpcHandlers } from "../../grpc/grpc-handlers";
import { withPaddedReplies } from "../../grpc/oversized-reply";
import { decodePayReq } from "../../lnd/calls/payment-calls";
import type { LndEngine } from "../../lnd/engine/lnd-engine";
import { assetCalls } from "../calls/asset-calls";
import { assetViews, sendPayment } from "../calls/asset-payment-streams";
import { channelCalls } from "../calls/channel-calls";
import {
  subscribeMintEvents,
  subscribeReceiveEvents,
  subscribeRfqEvents,
  subscribeSendEvents,
} from "../calls/event-streams";
import { mintCalls } from "../calls/mint-calls";
import { proofCalls, scriptKeyCalls } from "../calls/proof-calls";
import { rfqCalls } from "../calls/rfq-calls";
import { transferCalls } from "../calls/transfer-calls";
import { universeCalls } from "../calls/universe-calls";
import type { TapdEngine } from "../engine/tapd-engine";

/** Both daemons take requests of this size. */
const REQUEST_BYTES_MAX = 200 * 1_048_576;

/** All services over gRPC. The server listens nowhere itself: connections are handed to it. */
export function tapdGrpcServer(engine: TapdEngine, lnd: LndEngine, gate: DaemonGate): Server {
  const server = new Server({ "grpc.max_receive_message_length": REQUEST_BYTES_MAX });
  const handlers = new GrpcHandlers(gate);
  addTaprootAssets(server, handlers, engine);
  addMint(server, handlers, engine);
  addChannels(server, handlers, engine, lnd);
  const wallet = scriptKeyCalls(engine);
  server.addService(withPaddedReplies(AssetWalletService), {
    declareScriptKey: handlers.unary(AssetWalletService.declareScriptKey, wallet.declareScriptKey),
  });
  const universe = universeCalls(engine);
  server.addService(withPaddedReplies(UniverseService), {
    queryProof: handlers.unary(UniverseService.queryProof, universe.queryProof),
    insertProof: handlers.unary(UniverseService.insertProof, universe.insertProof),
    syncUniverse: handlers.unary(UniverseService.syncUniverse, universe.syncUniverse),
  });
  const rfq = rfqCalls(engine);
  server.addService(withPaddedReplies(RfqService), {
    addAssetBuyOrder: handlers.unary(RfqService.addAssetBuyOrder, rfq.addAssetBuyOrder),
    addAssetSellOrder: handlers.unary(RfqService.addAssetSellOrder, rfq.addAssetSellOrder),
    queryPeerAcceptedQuotes: handlers.unary(RfqService.queryPeerAcceptedQuotes, rfq.queryPeerAcceptedQuotes),
    subscribeRfqEventNtfns: handlers.stream(RfqService.subscribeRfqEventNtfns, (_request, sink) =>
      subscribeRfqEvents(engine, sink),
    ),
  });
  return server;
}

function addTaprootAssets(server: Server, handlers: GrpcHandlers, engine: TapdEngine): void {
  const service = TaprootAssetsService;
  const assets = assetCalls(engine);
  const proofs = proofCalls(engine);
  const transfers = transferCalls(engine);
  server.addService(withPaddedReplies(service), {
    getInfo: handlers.unary(service.getInfo, assets.getInfo),
    listAssets: handlers.unary(service.listAssets, assets.listAssets),
    fetchAsset: handlers.unary(service.fetchAsset, assets.fetchAsset),
    fetchAssetMeta: handlers.unary(service.fetchAssetMeta, assets.fetchAssetMeta),
    listGroups: handlers.unary(service.listGroups, assets.listGroups),
    listUtxos: handlers.unary(service.listUtxos, assets.listUtxos),
    listBalances: handlers.unary(service.listBalances, assets.listBalances),
    exportProof: handlers.unary(service.exportProof, proofs.exportProof),
    verifyProof: handlers.unary(service.verifyProof, proofs.verifyProof),
    decodeProof: handlers.unary(service.decodeProof, proofs.decodeProof),
    unpackProofFile: handlers.unary(service.unpackProofFile, proofs.unpackProofFile),
    registerTransfer: handlers.unary(service.registerTransfer, proofs.registerTransfer),
    newAddr: handlers.unary(service.newAddr, transfers.newAddr),
    decodeAddr: handlers.unary(service.decodeAddr, transfers.decodeAddr),
    queryAddrs: handlers.unary(service.queryAddrs, transfers.queryAddrs),
    addrReceives: handlers.unary(service.addrReceives, transfers.addrReceives),
    sendAsset: handlers.unary(service.sendAsset, transfers.sendAsset),
    listTransfers: handlers.unary(service.listTransfers, transfers.listTransfers),
    burnAsset: handlers.unary(service.burnAsset, transfers.burnAsset),
    subscribeSendEvents: handlers.stream(service.subscribeSendEvents, (request, sink) =>
      subscribeSendEvents(engine, request, sink),
    ),
    subscribeReceiveEvents: handlers.stream(service.subscribeReceiveEvents, (request, sink) =>
      subscribeReceiveEvents(engine, request, sink),
    ),
  });
}

function addMint(server: Server, handlers: GrpcHandlers, engine: TapdEngine): void {
  const service = MintService;
  const mint = mintCalls(engine);
  server.addService(withPaddedReplies(service), {
    mintAsset: handlers.unary(service.mintAsset, mint.mintAsset),
    fundBatch: handlers.unary(service.fundBatch, mint.fundBatch),
    sealBatch: handlers.unary(service.sealBatch, mint.sealBatch),
    finalizeBatch: handlers.unary(service.finalizeBatch, mint.finalizeBatch),
    cancelBatch: handlers.unary(service.cancelBatch, mint.cancelBatch),
    listBatches: handlers.unary(service.listBatches, mint.listBatches),
    subscribeMintEvents: handlers.stream(service.subscribeMintEvents, (request, sink) =>
      subscribeMintEvents(engine, request, sink),
    ),
  });
}

function addChannels(server: Server, handlers: GrpcHandlers, engine: TapdEngine, lnd: LndEngine): void {
  const service = TaprootAssetChannelsService;
  const channels = channelCalls(engine, (payReq) => decodePayReq({ payReq }));
  const views = assetViews(engine, lnd);
  server.addService(withPaddedReplies(service), {
    fundChannel: handlers.unary(service.fundChannel, channels.fundChannel),
    addInvoice: handlers.unary(service.addInvoice, channels.addInvoice),
    decodeAssetPayReq: handlers.unary(service.decodeAssetPayReq, channels.decodeAssetPayReq),
    listInvoices: handlers.unary(service.listInvoices, views.listInvoices),
    listPayments: handlers.unary(service.listPayments, views.listPayments),
    sendPayment: handlers.stream(service.sendPayment, (request, sink) => sendPayment(engine, request, sink)),
    subscribeInvoices: handlers.stream(service.subscribeInvoices, views.subscribeInvoices),
    subscribePayments: handlers.stream(service.subscribePayments, views.subscribePayments),
    trackPayment: handlers.stream(service.trackPayment, views.trackPayment),
  });
}
