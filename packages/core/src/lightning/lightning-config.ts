/** Limits and fees of lifts and lands; the values come from the configuration. Times in ms, heights in blocks. */
export interface LightningConfig {
  readonly network: "mainnet" | "testnet" | "signet" | "regtest";
  readonly liftMinSats: bigint;
  readonly liftMaxSats: bigint;
  readonly landMinSats: bigint;
  readonly landMaxSats: bigint;
  /** Unpaid lifts per pubkey, per principal, and in all as a multiple of the free stock. */
  readonly liftOpenPerUser: number;
  readonly liftOpenPerCaller: number;
  readonly liftOpenFactor: number;
  readonly liftInvoiceExpirySeconds: number;
  readonly assetInvoiceExpirySeconds: number;
  /** Sats under the units that an asset's lift delivers. */
  readonly assetCarrierSats: bigint;
  /** cltv_expiry of a hold invoice. */
  readonly liftCltvDelta: number;
  /** Blocks an HTLC must have left before anything is submitted for it. */
  readonly liftMinBlocksLeft: number;
  /** How long a paid lift waits for inventory before its invoice is cancelled. */
  readonly liftDeliveryGraceMs: number;
  /** lnd cancels a held HTLC by itself this many blocks before it expires. */
  readonly holdExpiryDelta: number;
  /** Basis points of a land's amount, rounded up. */
  readonly landFeeBps: bigint;
  readonly landRoutingFeeFloorSats: bigint;
  readonly landRoutingFeeMaxBps: bigint;
  readonly landRoutingSubsidyDailySats: bigint;
  readonly landCltvLimit: number;
  readonly landMaxFinalCltv: number;
  /** Lands of one pubkey that are paid for and not ended. */
  readonly landMaxInFlight: number;
  /** Shorter-lived inputs are not taken for a land. */
  readonly landMinRemainingMs: number;
  readonly landMinExpiryMarginMs: number;
  readonly landPaymentTimeoutSeconds: number;
  readonly landMaxAttempts: number;
  readonly unknownPaymentAlertMs: number;
  readonly pollMs: number;
}
