import { Server } from "@grpc/grpc-js";

import { ChainNotifierService } from "@arkrelay/daemons/proto/chainrpc/chainnotifier";
import { InvoicesService } from "@arkrelay/daemons/proto/invoicesrpc/invoices";
import { LightningService } from "@arkrelay/daemons/proto/lnrpc/lightning";
import { StateService } from "@arkrelay/daemons/proto/lnrpc/stateservice";
import { RouterService } from "@arkrelay/daemons/proto/routerrpc/router";
import { VersionerService } from "@arkrelay/daemons/proto/verrpc/verrpc";

import type { StreamCall, UnaryCall } from "../../grpc/daemon-call";
import type { DaemonGate } from "../../grpc/daemon-gate";
import { GrpcHandlers, type Method } from "../../grpc/grpc-handlers";
import { withPaddedReplies } from "../../grpc/oversized-reply";
import type { MacaroonBakery } from "../../macaroon/macaroon-bakery";
import { registerConfirmations } from "../calls/chain-streams";
import { channelBalance, closedChannels, listChannels, pendingChannels } from "../calls/channel-calls";
import { closeChannel, openChannel, openChannelSync, subscribeChannelEvents } from "../calls/channel-streams";
import { forwardingHistory } from "../calls/forward-calls";
import {
  addHoldInvoice,
  addInvoice,
  cancelInvoice,
  listInvoices,
  lookupInvoice,
  lookupInvoiceV2,
  settleInvoice,
} from "../calls/invoice-calls";
import { subscribeInvoices, subscribeSingleInvoice } from "../calls/invoice-streams";
import { checkMacaroonPermissions } from "../calls/macaroon-calls";
import { connectPeer, getInfo, getVersion, listPeers } from "../calls/node-calls";
import { decodePayReq, estimateRouteFee, listPayments } from "../calls/payment-calls";
import { sendPaymentV2, trackPaymentV2, trackPayments } from "../calls/payment-streams";
import { estimateFee, getTransactions, newAddress, sendCoins, walletBalance } from "../calls/wallet-calls";
import type { LndEngine } from "../engine/lnd-engine";
import type { LndWallet } from "./wallet-state";

/** lnd's servers; the real ones take requests of up to 200 MiB. */
const REQUEST_BYTES_MAX = 209_715_200;
const SERVER_PING = { afterIdleMs: 60_000, timeoutMs: 20_000 };

export interface LndServerParts {
  readonly engine: LndEngine;
  readonly gate: DaemonGate;
  readonly bakery: MacaroonBakery;
  readonly wallet: LndWallet;
  /** Height of the block that holds a transaction of others; undefined = it is in none. */
  readonly findForeignHeight: (txid: string) => number | undefined;
  /** Whether the fault `stuck_payment` strikes the payment that is being sent. */
  readonly isNextPaymentStuck: () => boolean;
}

/** All of lnd's services. The server listens nowhere itself: connections are handed to it. */
export function lndGrpcServer(parts: LndServerParts): Server {
  const server = new Server({
    "grpc.max_receive_message_length": REQUEST_BYTES_MAX,
    "grpc.max_send_message_length": -1,
    "grpc.keepalive_time_ms": SERVER_PING.afterIdleMs,
    "grpc.keepalive_timeout_ms": SERVER_PING.timeoutMs,
  });
  addLightning(server, parts);
  addInvoices(server, parts);
  addRouter(server, parts);
  addState(server, parts);
  addChain(server, parts);
  return server;
}

/** Handlers whose calls first see what time has brought. */
class LndHandlers {
  readonly #handlers: GrpcHandlers;

  constructor(private readonly parts: LndServerParts) {
    this.#handlers = new GrpcHandlers(parts.gate);
  }

  unary<Q, A>(method: Method<Q, A>, call: (engine: LndEngine, request: Q) => A) {
    const swept: UnaryCall<Q, A> = (request) => call(this.#engine(), request);
    return this.#handlers.unary(method, swept);
  }

  stream<Q, A>(
    method: Method<Q, A>,
    call: (engine: LndEngine, request: Q, sink: Parameters<StreamCall<Q, A>>[1]) => void,
  ) {
    const swept: StreamCall<Q, A> = (request, sink) => call(this.#engine(), request, sink);
    return this.#handlers.stream(method, swept);
  }

  #engine(): LndEngine {
    this.parts.engine.sweep();
    return this.parts.engine;
  }
}

function addLightning(server: Server, parts: LndServerParts): void {
  const handlers = new LndHandlers(parts);
  const methods = LightningService;
  server.addService(withPaddedReplies(methods), {
    getInfo: handlers.unary(methods.getInfo, getInfo),
    walletBalance: handlers.unary(methods.walletBalance, walletBalance),
    channelBalance: handlers.unary(methods.channelBalance, channelBalance),
    listChannels: handlers.unary(methods.listChannels, listChannels),
    pendingChannels: handlers.unary(methods.pendingChannels, pendingChannels),
    closedChannels: handlers.unary(methods.closedChannels, closedChannels),
    subscribeChannelEvents: handlers.stream(methods.subscribeChannelEvents, (engine, _request, sink) =>
      subscribeChannelEvents(engine, sink),
    ),
    listPeers: handlers.unary(methods.listPeers, listPeers),
    connectPeer: handlers.unary(methods.connectPeer, connectPeer),
    openChannel: handlers.stream(methods.openChannel, openChannel),
    openChannelSync: handlers.unary(methods.openChannelSync, openChannelSync),
    closeChannel: handlers.stream(methods.closeChannel, closeChannel),
    addInvoice: handlers.unary(methods.addInvoice, addInvoice),
    lookupInvoice: handlers.unary(methods.lookupInvoice, lookupInvoice),
    listInvoices: handlers.unary(methods.listInvoices, listInvoices),
    subscribeInvoices: handlers.stream(methods.subscribeInvoices, subscribeInvoices),
    decodePayReq: handlers.unary(methods.decodePayReq, (_engine, request) => decodePayReq(request)),
    listPayments: handlers.unary(methods.listPayments, listPayments),
    forwardingHistory: handlers.unary(methods.forwardingHistory, forwardingHistory),
    sendCoins: handlers.unary(methods.sendCoins, sendCoins),
    newAddress: handlers.unary(methods.newAddress, newAddress),
    getTransactions: handlers.unary(methods.getTransactions, getTransactions),
    estimateFee: handlers.unary(methods.estimateFee, estimateFee),
    checkMacaroonPermissions: handlers.unary(methods.checkMacaroonPermissions, (_engine, request) =>
      checkMacaroonPermissions(parts.bakery, request),
    ),
  });
}

function addInvoices(server: Server, parts: LndServerParts): void {
  const handlers = new LndHandlers(parts);
  const methods = InvoicesService;
  server.addService(withPaddedReplies(methods), {
    addHoldInvoice: handlers.unary(methods.addHoldInvoice, addHoldInvoice),
    settleInvoice: handlers.unary(methods.settleInvoice, settleInvoice),
    cancelInvoice: handlers.unary(methods.cancelInvoice, cancelInvoice),
    lookupInvoiceV2: handlers.unary(methods.lookupInvoiceV2, lookupInvoiceV2),
    subscribeSingleInvoice: handlers.stream(methods.subscribeSingleInvoice, subscribeSingleInvoice),
  });
}

function addRouter(server: Server, parts: LndServerParts): void {
  const handlers = new LndHandlers(parts);
  const methods = RouterService;
  server.addService(withPaddedReplies(methods), {
    sendPaymentV2: handlers.stream(methods.sendPaymentV2, (engine, request, sink) =>
      sendPaymentV2(engine, request, sink, parts.isNextPaymentStuck),
    ),
    trackPaymentV2: handlers.stream(methods.trackPaymentV2, trackPaymentV2),
    trackPayments: handlers.stream(methods.trackPayments, trackPayments),
    estimateRouteFee: handlers.unary(methods.estimateRouteFee, estimateRouteFee),
  });
}

function addState(server: Server, parts: LndServerParts): void {
  const handlers = new LndHandlers(parts);
  const { wallet } = parts;
  server.addService(withPaddedReplies(VersionerService), {
    getVersion: handlers.unary(VersionerService.getVersion, getVersion),
  });
  server.addService(withPaddedReplies(StateService), {
    getState: handlers.unary(StateService.getState, () => ({ state: wallet.wireState })),
    subscribeState: handlers.stream(StateService.subscribeState, (_engine, _request, sink) => {
      const tell = (): void => sink.event({ state: wallet.wireState });
      tell();
      sink.onClose(wallet.onChange(tell));
    }),
  });
}

function addChain(server: Server, parts: LndServerParts): void {
  const handlers = new LndHandlers(parts);
  server.addService(withPaddedReplies(ChainNotifierService), {
    registerConfirmationsNtfn: handlers.stream(
      ChainNotifierService.registerConfirmationsNtfn,
      (engine, request, sink) => registerConfirmations(engine, parts.findForeignHeight, request, sink),
    ),
  });
}
