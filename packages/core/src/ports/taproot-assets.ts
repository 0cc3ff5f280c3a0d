import type { LightningPayment, Sending } from "./lightning-node";

/**
 * tapd as the gateway uses it. Units are integer base units of an asset (bigint); asset ids 64 hex, group and script keys 66 hex,
 * outpoints `txid:vout` in display order. Errors as LightningNode; **write** = may also be `outcome_unknown`.
 */
export interface TaprootAssets {
  getInfo(): Promise<TapdInfo>;
  /** Aggregated by asset id. */
  listAssets(): Promise<readonly TaprootAsset[]>;
  /** undefined = tapd does not know it. */
  getAssetInfo(assetId: string): Promise<TaprootAsset | undefined>;
  getAssetBalances(): Promise<readonly TaprootAssetBalance[]>;
  /** An unknown asset has zero. */
  getAssetBalance(assetId: string): Promise<TaprootAssetBalance>;

  /**
   * **write**, single batch of its own: refuses (`daemon_rejected`, foreign_batch) when tapd has a pending batch that is not ours.
   * `batchKey` is stored by the caller through `onQueued` before the batch is finalised, and looked up before any repeat.
   */
  issueAsset(request: IssueAssetRequest, onQueued: (batchKey: string) => Promise<void>): Promise<MintBatch>;
  /** **write**: more units of a grouped asset; a new tranche with a new asset id. */
  mintAsset(request: MintAssetRequest, onQueued: (batchKey: string) => Promise<void>): Promise<MintBatch>;
  /** undefined = no such batch. */
  findBatch(batchKey: string): Promise<MintBatch | undefined>;

  /** The raw proof file of one piece. */
  exportProof(request: ProofRequest): Promise<Uint8Array>;
  /** What a proof file says, without judging it. */
  getAssetProof(request: ProofRequest): Promise<DecodedAssetProof>;
  /** `isValid: false` is an answer, not an error. */
  verifyAssetProof(
    rawProofFile: Uint8Array,
  ): Promise<{ readonly isValid: boolean; readonly proof: DecodedAssetProof | undefined }>;
  /** **write**, idempotent: each proof into the universe, oldest first, then the transfer registered for this wallet. */
  importProof(rawProofFile: Uint8Array): Promise<void>;

  newAddress(request: {
    readonly assetId: string;
    readonly amountUnits: bigint;
    readonly courierAddr: string;
  }): Promise<TapAddress>;
  decodeAddress(encoded: string): Promise<TapAddress>;
  /** **write**, keyed by `label`: looked up among the transfers first. */
  sendAsset(request: { readonly address: string; readonly label: string }): Promise<AssetTransfer>;
  /** Among the transfers that are open, and those that ended in the last two weeks. */
  findTransfer(label: string): Promise<AssetTransfer | undefined>;
  /** Without a block, or without a proof at every receiver. */
  listOpenTransfers(): Promise<readonly AssetTransfer[]>;
  /** Receives of all addresses since a time, oldest first; credit at `completed` only. */
  listReceives(since: Date): Promise<readonly AssetReceive[]>;
  subscribeReceives(signal: AbortSignal): AsyncIterable<AssetReceive>;
  subscribeSends(signal: AbortSignal): AsyncIterable<AssetSendEvent>;

  /** Whether asset channels are served here (litd, or an lnd with tapd's hooks). */
  supportsChannels(): Promise<boolean>;
  /** **write**: hold invoice over units with our own hash; expiry at most the quote's and 300 s. */
  createAssetInvoice(request: CreateAssetInvoiceRequest): Promise<AssetInvoice>;
  /** Units an invoice costs now, at the peer's sell rate. */
  decodeAssetInvoice(assetId: string, bolt11: string): Promise<{ readonly units: bigint; readonly amountMsat: bigint }>;
  /** **write**: a sell quote that covers the invoice and its fee limit. undefined = no peer sells (nothing was sent). */
  requestSellQuote(request: SellQuoteRequest): Promise<SellQuote | undefined>;
  /** **write**, keyed by the payment hash and tracked at lnd; allow_overpay is never set. */
  payAssetInvoice(request: PayAssetInvoiceRequest, sending?: Sending): Promise<AssetPaymentOutcome>;
}

/** Units over Lightning: what lifts and lands need of tapd. */
export type AssetPayments = Pick<
  TaprootAssets,
  "createAssetInvoice" | "decodeAssetInvoice" | "requestSellQuote" | "payAssetInvoice"
>;

export interface TapdInfo {
  readonly version: string;
  readonly lndVersion: string;
  readonly network: string;
  readonly lndPubkey: string;
  readonly blockHeight: number;
  readonly syncedToChain: boolean;
}

export interface TaprootAsset {
  readonly assetId: string;
  readonly name: string;
  readonly type: "normal" | "collectible";
  readonly groupKey: string | undefined;
  readonly genesisPoint: string;
  readonly amountUnits: bigint;
  readonly decimalDisplay: number;
  readonly metaHash: string;
}

export interface TaprootAssetBalance {
  readonly assetId: string;
  readonly balanceUnits: bigint;
  readonly utxoCount: number;
  /** On our side of the channels, those in HTLCs of payments under way included: they are ours until the payee has the preimage. */
  readonly channelUnits: bigint;
  /** Confirmed, unconfirmed change and leased are all in balanceUnits; these are the last two again. */
  readonly unconfirmedUnits: bigint;
  readonly leasedUnits: bigint;
}

export interface IssueAssetRequest {
  readonly name: string;
  readonly type: "normal" | "collectible";
  readonly amountUnits: bigint;
  readonly decimalDisplay: number;
  /** true = more can be minted later. */
  readonly isGrouped: boolean;
}

export interface MintAssetRequest {
  readonly name: string;
  readonly amountUnits: bigint;
  readonly groupKey: string;
}

export type MintBatchState =
  | "unknown"
  | "pending"
  | "frozen"
  | "committed"
  | "broadcast"
  | "confirmed"
  | "finalized"
  | "seedling_cancelled"
  | "sprout_cancelled";

export interface MintBatch {
  readonly batchKey: string;
  readonly batchTxid: string;
  readonly state: MintBatchState;
  /** Known from broadcast on. */
  readonly assetIds: readonly string[];
}

export interface ProofRequest {
  readonly assetId: string;
  readonly scriptKey: string;
  readonly outpoint: string | undefined;
}

export interface DecodedAssetProof {
  readonly assetId: string;
  readonly name: string;
  readonly amountUnits: bigint;
  readonly scriptKey: string;
  readonly outpoint: string;
  readonly numberOfProofs: number;
  readonly isBurn: boolean;
}

export interface TapAddress {
  readonly encoded: string;
  readonly assetId: string;
  readonly amountUnits: bigint;
  readonly groupKey: string | undefined;
  readonly courierAddr: string;
}

export interface AssetTransfer {
  readonly label: string;
  readonly anchorTxid: string;
  /** 0 until it is confirmed. */
  readonly anchorHeight: number;
  readonly anchorFeeSats: bigint;
  readonly outputs: readonly {
    readonly isLocal: boolean;
    readonly assetId: string;
    readonly amountUnits: bigint;
    readonly proofDelivery: "not_applicable" | "complete" | "pending";
    readonly proof: Uint8Array;
  }[];
}

export interface AssetReceive {
  readonly address: string;
  readonly assetId: string;
  readonly amountUnits: bigint;
  readonly outpoint: string;
  readonly status: "detected" | "confirmed" | "proof_received" | "completed";
  readonly at: Date;
}

export interface AssetSendEvent {
  readonly label: string;
  readonly state: string;
  readonly error: string;
  readonly at: Date;
}

export interface CreateAssetInvoiceRequest {
  readonly assetId: string;
  readonly amountUnits: bigint;
  readonly paymentHash: string;
  readonly memo: string;
  readonly expirySeconds: number;
  readonly cltvExpiry: number;
}

export interface AssetInvoice {
  readonly bolt11: string;
  readonly amountMsat: bigint;
  readonly rfqId: string;
  readonly quotedUnits: bigint;
  readonly quoteExpiresAt: Date;
}

export interface SellQuoteRequest {
  readonly assetId: string;
  readonly paymentMaxMsat: bigint;
  readonly expirySeconds: number;
}

export interface SellQuote {
  /** 64 hex */
  readonly rfqId: string;
  readonly peerPubkey: string;
  /** Units debited for paymentMaxMsat. */
  readonly units: bigint;
  readonly expiresAt: Date;
}

export interface PayAssetInvoiceRequest {
  readonly assetId: string;
  readonly bolt11: string;
  readonly paymentHash: string;
  readonly rfqId: string;
  readonly peerPubkey: string;
  readonly feeLimitMsat: bigint;
  readonly timeoutSeconds: number;
  readonly cltvLimit: number;
}

/** As SendPaymentOutcome; `no_quote` = nothing was sent. */
export type AssetPaymentOutcome =
  | { readonly kind: "payment"; readonly payment: LightningPayment }
  | { readonly kind: "exists" }
  | { readonly kind: "no_quote" }
  | { readonly kind: "refused"; readonly reason: string };
