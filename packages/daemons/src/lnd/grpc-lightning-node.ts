import type { BitcoinNetwork } from "@arkrelay/core/ark/network";
import type {
  AddHoldInvoiceRequest,
  AddInvoiceRequest,
  ClosedLightningChannel,
  CloseChannelRequest,
  ConfirmationQuery,
  DecodedPaymentRequest,
  ForwardsPage,
  InvoiceCursor,
  LightningBalance,
  LightningChannel,
  LightningForward,
  LightningInvoice,
  LightningNode,
  LightningNodeInfo,
  LightningPayment,
  LightningPeer,
  LightningWalletState,
  ListInvoicesPage,
  OnchainAddressType,
  OnchainBalance,
  OnchainTransaction,
  OpenChannelRequest,
  PendingLightningChannels,
  Sending,
  SendOnchainRequest,
  SendPaymentOutcome,
  SendPaymentRequest,
} from "@arkrelay/core/ports/lightning-node";

import { CheckedCalls } from "../checked-calls";
import type { CallLimits, DaemonEndpoint } from "../connection-config";
import { DaemonLink } from "../daemon-link";
import type { DaemonObserver } from "../daemon-observer";
import { createTextClassifier } from "../text-classifier";
import { type AssetChannel, listAssetChannels } from "./asset-channels";
import { LndChannels } from "./channels";
import { findConfirmation } from "./confirmations";
import { listForwards } from "./forwards";
import { LndInvoices } from "./invoices";
import { type LndCalls, type LndClients, openLndClients } from "./lnd-clients";
import { LND_TEXTS } from "./lnd-errors";
import { LndNodeStatus, readNodeInfo, readWalletState } from "./node-status";
import { LndOnchainWallet } from "./onchain-wallet";
import { LndPayments } from "./payments";

export interface LndEndpoint extends DaemonEndpoint, CallLimits {
  readonly network: BitcoinNetwork;
}

export interface GrpcLightningNodeDeps {
  readonly observer: DaemonObserver;
  readonly requestId: () => string | undefined;
}

/** lnd over gRPC, 0.18 and newer. See the port for what each method promises and throws. */
export class GrpcLightningNode implements LightningNode {
  readonly link: DaemonLink<LndClients>;
  private readonly network: BitcoinNetwork;
  private readonly calls: LndCalls;
  private readonly status: LndNodeStatus;
  private readonly channels: LndChannels;
  private readonly invoices: LndInvoices;
  private readonly payments: LndPayments;
  private readonly wallet: LndOnchainWallet;

  constructor(config: LndEndpoint, deps: GrpcLightningNodeDeps) {
    this.network = config.network;
    this.link = new DaemonLink({
      service: "lnd",
      endpoint: config,
      limits: config,
      observer: deps.observer,
      openClients: openLndClients,
      requestId: deps.requestId,
      ...createTextClassifier("lnd", LND_TEXTS),
    });
    const calls = new CheckedCalls(this.link, () => this.getInfo());
    this.calls = calls;
    this.status = new LndNodeStatus(calls);
    this.channels = new LndChannels(calls);
    this.invoices = new LndInvoices(calls);
    this.payments = new LndPayments(calls, config.timeoutMs);
    this.wallet = new LndOnchainWallet(calls, async () => (await this.getInfo()).blockHeight);
  }

  getInfo(): Promise<LightningNodeInfo> {
    return readNodeInfo(this.link, this.network);
  }

  getWalletState(): Promise<LightningWalletState> {
    return readWalletState(this.link);
  }

  getLightningBalance(): Promise<LightningBalance> {
    return this.status.getLightningBalance();
  }

  getOnchainBalance(): Promise<OnchainBalance> {
    return this.status.getOnchainBalance();
  }

  async getTotalBalance(): Promise<{ readonly lightning: LightningBalance; readonly onchain: OnchainBalance }> {
    const [lightning, onchain] = await Promise.all([this.getLightningBalance(), this.getOnchainBalance()]);
    return { lightning, onchain };
  }

  listChannels(filter?: { readonly activeOnly?: boolean }): Promise<readonly LightningChannel[]> {
    return this.channels.list(filter);
  }

  listPendingChannels(): Promise<PendingLightningChannels> {
    return this.channels.listPending();
  }

  listClosedChannels(): Promise<readonly ClosedLightningChannel[]> {
    return this.channels.listClosed();
  }

  /** For the client of tapd, which keeps units in lnd's channels and cannot list them itself. */
  listAssetChannels(): Promise<readonly AssetChannel[]> {
    return listAssetChannels(this.calls);
  }

  /** For the client of tapd, whose anchors this wallet pays for. */
  listRecentTransactions(): Promise<readonly OnchainTransaction[]> {
    return this.wallet.listRecent();
  }

  listPeers(): Promise<readonly LightningPeer[]> {
    return this.status.listPeers();
  }

  connectPeer(peer: { readonly nodePubkey: string; readonly host: string }): Promise<void> {
    return this.status.connectPeer(peer);
  }

  openChannel(request: OpenChannelRequest): Promise<{ readonly channelPoint: string }> {
    return this.channels.open(request);
  }

  closeChannel(request: CloseChannelRequest): Promise<{ readonly closingTxid: string }> {
    return this.channels.close(request);
  }

  addInvoice(request: AddInvoiceRequest): Promise<LightningInvoice> {
    return this.invoices.add(request);
  }

  addHoldInvoice(request: AddHoldInvoiceRequest): Promise<LightningInvoice> {
    return this.invoices.addHold(request);
  }

  settleInvoice(preimage: string): Promise<void> {
    return this.invoices.settle(preimage);
  }

  cancelInvoice(paymentHash: string): Promise<void> {
    return this.invoices.cancel(paymentHash);
  }

  lookupInvoice(paymentHash: string): Promise<LightningInvoice | undefined> {
    return this.invoices.lookup(paymentHash);
  }

  listInvoices(page: ListInvoicesPage): Promise<readonly LightningInvoice[]> {
    return this.invoices.list(page);
  }

  subscribeInvoices(cursor: InvoiceCursor, signal: AbortSignal): AsyncIterable<LightningInvoice> {
    return this.invoices.subscribe(cursor, signal);
  }

  subscribeInvoice(paymentHash: string, signal: AbortSignal): AsyncIterable<LightningInvoice> {
    return this.invoices.subscribeOne(paymentHash, signal);
  }

  decodePaymentRequest(bolt11: string): Promise<DecodedPaymentRequest> {
    return this.payments.decode(bolt11);
  }

  estimateRouteFee(bolt11: string, timeoutSeconds: number): Promise<{ readonly feeMsat: bigint } | undefined> {
    return this.payments.estimateRouteFee(bolt11, timeoutSeconds);
  }

  sendPayment(request: SendPaymentRequest, sending?: Sending): Promise<SendPaymentOutcome> {
    return this.payments.send(request, sending);
  }

  trackPayment(paymentHash: string): Promise<LightningPayment | undefined> {
    return this.payments.track(paymentHash);
  }

  followPayment(paymentHash: string, signal: AbortSignal): AsyncIterable<LightningPayment> {
    return this.payments.follow(paymentHash, signal);
  }

  listPayments(page: {
    readonly afterPaymentIndex: bigint;
    readonly limit: number;
  }): Promise<readonly LightningPayment[]> {
    return this.payments.list(page);
  }

  getTopPaymentIndex(): Promise<bigint> {
    return this.payments.getTopIndex();
  }

  listForwards(page: ForwardsPage): Promise<readonly LightningForward[]> {
    return listForwards(this.calls, page);
  }

  sendOnchain(request: SendOnchainRequest): Promise<{ readonly txid: string }> {
    return this.wallet.send(request);
  }

  newAddress(type: OnchainAddressType): Promise<string> {
    return this.wallet.newAddress(type);
  }

  listOnchainTransactions(sinceHeight: number): Promise<readonly OnchainTransaction[]> {
    return this.wallet.listTransactions(sinceHeight);
  }

  estimateOnchainFee(request: {
    readonly address: string;
    readonly amountSats: bigint;
    readonly targetConf: number;
  }): Promise<{ readonly feeSats: bigint; readonly satPerVbyte: bigint }> {
    return this.wallet.estimateFee(request);
  }

  findConfirmation(query: ConfirmationQuery): Promise<number | undefined> {
    return findConfirmation(this.calls, query);
  }

  close(): void {
    this.link.close();
  }
}
