import type { BitcoinNetwork } from "@arkrelay/core/ark/network";
import type { Sending } from "@arkrelay/core/ports/lightning-node";
import type {
  AssetInvoice,
  AssetPaymentOutcome,
  AssetReceive,
  AssetSendEvent,
  AssetTransfer,
  CreateAssetInvoiceRequest,
  DecodedAssetProof,
  IssueAssetRequest,
  MintAssetRequest,
  MintBatch,
  PayAssetInvoiceRequest,
  ProofRequest,
  SellQuote,
  SellQuoteRequest,
  TapAddress,
  TapdInfo,
  TaprootAsset,
  TaprootAssetBalance,
  TaprootAssets,
} from "@arkrelay/core/ports/taproot-assets";

import { CheckedCalls, checkNetwork } from "../checked-calls";
import type { CallLimits, DaemonEndpoint } from "../connection-config";
import { DaemonLink } from "../daemon-link";
import type { DaemonObserver } from "../daemon-observer";
import type { GetInfoResponse } from "../gen/taprpc/taprootassets";
import type { AssetChannel } from "../lnd/asset-channels";
import { createTextClassifier } from "../text-classifier";
import { TapdPayments } from "./asset-payments";
import { TapdWallet } from "./asset-wallet";
import { TapdMint } from "./minting";
import { TapdProofs } from "./proofs";
import { RecentTransfers, type WalletTransaction } from "./recent-transfers";
import { openTapdClients, type TapdClients } from "./tapd-clients";
import { TAPD_TEXTS } from "./tapd-errors";
import { TapdTransfers } from "./transfers";

export interface TapdEndpoint extends DaemonEndpoint, CallLimits {
  readonly network: BitcoinNetwork;
}

export interface GrpcTaprootAssetsDeps {
  readonly observer: DaemonObserver;
  readonly requestId: () => string | undefined;
  /** From the lnd below this tapd (GrpcLightningNode); nobody else knows which peers carry assets. */
  readonly listAssetChannels: () => Promise<readonly AssetChannel[]>;
  /** From the same lnd, whose wallet pays for the anchors: recent transactions. Without it tapd's whole history is read each time. */
  readonly listWalletTransactions?: (() => Promise<readonly WalletTransaction[]>) | undefined;
}

/** tapd over gRPC, 0.7 and newer. See the port for what each method promises and throws. */
export class GrpcTaprootAssets implements TaprootAssets {
  readonly link: DaemonLink<TapdClients>;
  private readonly network: BitcoinNetwork;
  private readonly wallet: TapdWallet;
  private readonly mint: TapdMint;
  private readonly proofs: TapdProofs;
  private readonly transfers: TapdTransfers;
  private readonly payments: TapdPayments;

  constructor(config: TapdEndpoint, deps: GrpcTaprootAssetsDeps) {
    this.network = config.network;
    this.link = new DaemonLink({
      service: "tapd",
      endpoint: config,
      limits: config,
      observer: deps.observer,
      openClients: openTapdClients,
      requestId: deps.requestId,
      ...createTextClassifier("tapd", TAPD_TEXTS),
    });
    const calls = new CheckedCalls(this.link, () => this.getInfo());
    const recent = new RecentTransfers(calls, deps.listWalletTransactions);
    this.wallet = new TapdWallet(calls, deps.listAssetChannels, recent);
    this.mint = new TapdMint(calls);
    this.proofs = new TapdProofs(calls);
    this.transfers = new TapdTransfers(calls, recent);
    this.payments = new TapdPayments(calls, deps.listAssetChannels);
  }

  /** Throws `daemon_unavailable` (wrong_network) when tapd runs on another chain. */
  async getInfo(): Promise<TapdInfo> {
    const info = await this.link.read<GetInfoResponse>("GetInfo", ({ assets }, ...rest) => assets.getInfo({}, ...rest));
    return {
      version: info.version,
      lndVersion: info.lndVersion,
      network: checkNetwork("tapd", info.network, this.network),
      lndPubkey: info.lndIdentityPubkey,
      blockHeight: info.blockHeight,
      syncedToChain: info.syncToChain,
    };
  }

  listAssets(): Promise<readonly TaprootAsset[]> {
    return this.wallet.listAssets();
  }

  getAssetInfo(assetId: string): Promise<TaprootAsset | undefined> {
    return this.wallet.getAssetInfo(assetId);
  }

  getAssetBalances(): Promise<readonly TaprootAssetBalance[]> {
    return this.wallet.getBalances();
  }

  getAssetBalance(assetId: string): Promise<TaprootAssetBalance> {
    return this.wallet.getBalance(assetId);
  }

  issueAsset(request: IssueAssetRequest, onQueued: (batchKey: string) => Promise<void>): Promise<MintBatch> {
    return this.mint.issue(request, onQueued);
  }

  mintAsset(request: MintAssetRequest, onQueued: (batchKey: string) => Promise<void>): Promise<MintBatch> {
    return this.mint.mintMore(request, onQueued);
  }

  findBatch(batchKey: string): Promise<MintBatch | undefined> {
    return this.mint.find(batchKey);
  }

  exportProof(request: ProofRequest): Promise<Uint8Array> {
    return this.proofs.export(request);
  }

  getAssetProof(request: ProofRequest): Promise<DecodedAssetProof> {
    return this.proofs.get(request);
  }

  verifyAssetProof(
    rawProofFile: Uint8Array,
  ): Promise<{ readonly isValid: boolean; readonly proof: DecodedAssetProof | undefined }> {
    return this.proofs.verify(rawProofFile);
  }

  importProof(rawProofFile: Uint8Array): Promise<void> {
    return this.proofs.import(rawProofFile);
  }

  newAddress(request: {
    readonly assetId: string;
    readonly amountUnits: bigint;
    readonly courierAddr: string;
  }): Promise<TapAddress> {
    return this.transfers.newAddress(request);
  }

  decodeAddress(encoded: string): Promise<TapAddress> {
    return this.transfers.decodeAddress(encoded);
  }

  sendAsset(request: { readonly address: string; readonly label: string }): Promise<AssetTransfer> {
    return this.transfers.send(request);
  }

  findTransfer(label: string): Promise<AssetTransfer | undefined> {
    return this.transfers.findByLabel(label);
  }

  listOpenTransfers(): Promise<readonly AssetTransfer[]> {
    return this.transfers.listOpen();
  }

  listReceives(since: Date): Promise<readonly AssetReceive[]> {
    return this.transfers.listReceives(since);
  }

  subscribeReceives(signal: AbortSignal): AsyncIterable<AssetReceive> {
    return this.transfers.subscribeReceives(signal);
  }

  subscribeSends(signal: AbortSignal): AsyncIterable<AssetSendEvent> {
    return this.transfers.subscribeSends(signal);
  }

  supportsChannels(): Promise<boolean> {
    return this.payments.supportsChannels();
  }

  createAssetInvoice(request: CreateAssetInvoiceRequest): Promise<AssetInvoice> {
    return this.payments.createInvoice(request);
  }

  decodeAssetInvoice(
    assetId: string,
    bolt11: string,
  ): Promise<{ readonly units: bigint; readonly amountMsat: bigint }> {
    return this.payments.decodeInvoice(assetId, bolt11);
  }

  requestSellQuote(request: SellQuoteRequest): Promise<SellQuote | undefined> {
    return this.payments.requestSellQuote(request);
  }

  payAssetInvoice(request: PayAssetInvoiceRequest, sending?: Sending): Promise<AssetPaymentOutcome> {
    return this.payments.pay(request, sending);
  }

  close(): void {
    this.link.close();
  }
}
