export type PaymentStatus = "initiated" | "in_flight" | "succeeded" | "failed";

export type PaymentFailure =
  | "none"
  | "timeout"
  | "no_route"
  | "error"
  | "incorrect_payment_details"
  | "insufficient_balance"
  | "canceled";

export interface RouteHop {
  readonly channelPoint: string;
  readonly chanId: bigint;
  /** Who receives this hop, 66 hex. */
  readonly pubKey: string;
  /** What the receiver of this hop has to forward or, at the last hop, gets. */
  readonly amountToForwardMsat: bigint;
  /** What the receiver of this hop keeps. */
  readonly feeMsat: bigint;
  /** What the HTLC of this hop carries over the channel. */
  readonly htlcMsat: bigint;
  readonly expiryHeight: number;
}

export interface HtlcAttempt {
  readonly attemptId: bigint;
  readonly status: "in_flight" | "succeeded" | "failed";
  readonly hops: readonly RouteHop[];
  readonly totalAmountMsat: bigint;
  readonly totalFeesMsat: bigint;
  readonly totalTimeLock: number;
  readonly attemptTimeMs: number;
  readonly resolveTimeMs: number;
  /** BOLT 4 failure of a failed attempt, by its name in lnrpc.Failure.FailureCode; "" otherwise. */
  readonly failureCode: string;
  readonly failureSourceIndex: number;
  readonly failureHeight: number;
  /** "" until it succeeded. */
  readonly preimage: string;
  /** Hex; what an asset payment adds to the route. */
  readonly customChannelData: string;
}

export interface Payment {
  readonly paymentHash: string;
  /** "" until it succeeded. */
  readonly preimage: string;
  readonly valueMsat: bigint;
  readonly feeMsat: bigint;
  /** "" for payments to a bare key. */
  readonly paymentRequest: string;
  readonly status: PaymentStatus;
  readonly failureReason: PaymentFailure;
  readonly createdAtMs: number;
  readonly paymentIndex: bigint;
  readonly htlcs: readonly HtlcAttempt[];
  readonly firstHopCustomRecords: Readonly<Record<string, string>>;
  /** What the receiver is told that the whole set will be. */
  readonly mppTotalMsat: bigint;
  readonly destCustomRecords: Readonly<Record<string, string>>;
  /** The fault `stuck_payment` struck it: the node will not notice how the network resolves it before it restarts. */
  readonly isStuck: boolean;
  /** What it will find then. */
  readonly unnoticed:
    | { readonly preimage: string; readonly failureCode: string; readonly failureReason: PaymentFailure }
    | undefined;
}

export interface NewPayment {
  readonly paymentRequest?: string;
  /** For payments without a payment request: 66 hex. */
  readonly destination?: string;
  readonly paymentHash?: string;
  /** For a payment request without amount. */
  readonly amountMsat?: bigint;
  /** 0 = only free routes, as in lnd. */
  readonly feeLimitMsat: bigint;
  /** Blocks; 0 = the daemon's default. */
  readonly cltvLimit?: number;
  /** 16 when absent. */
  readonly maxParts?: number;
  readonly outgoingChanIds?: readonly bigint[];
  readonly lastHopPubkey?: string;
  readonly isSelfPaymentAllowed?: boolean;
  readonly finalCltvDelta?: number;
  /** Record number (decimal) to hex. */
  readonly destCustomRecords?: Readonly<Record<string, string>>;
  readonly firstHopCustomRecords?: Readonly<Record<string, string>>;
  /** An asset payment: our first channel carries this many millisatoshi, the peer pays the full value onwards. */
  readonly assetHtlc?: { readonly customChannelData: string; readonly carrierMsat: bigint };
  /** The fault `stuck_payment` strikes this payment. */
  readonly isStuck?: boolean;
}
