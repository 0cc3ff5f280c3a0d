/**
 * The Lightning node (lnd) as the gateway uses it. Amounts are bigint with their unit in the name; a sat twin of an msat amount is
 * never kept, because msat is lnd's truth. Hashes and preimages are 64 hex in natural order, txids 64 hex in display order, node
 * keys 66 hex.
 *
 * Errors of every method: `daemon_unavailable` (not reachable, breaker open, wallet locked or starting; details{service, reason?}),
 * `daemon_auth_failed`, `daemon_rejected` with details{service, daemon_name, daemon_message} for a refusal that had certainly no
 * effect. A method marked **write** also throws `outcome_unknown` when no definite answer came: look it up, never send again.
 */
export interface LightningNode {
  getInfo(): Promise<LightningNodeInfo>;
  /** Whether calls are served; answered in every wallet state and without a macaroon. */
  getWalletState(): Promise<LightningWalletState>;
  getLightningBalance(): Promise<LightningBalance>;
  getOnchainBalance(): Promise<OnchainBalance>;
  getTotalBalance(): Promise<{ readonly lightning: LightningBalance; readonly onchain: OnchainBalance }>;

  listChannels(filter?: { readonly activeOnly?: boolean }): Promise<readonly LightningChannel[]>;
  listPendingChannels(): Promise<PendingLightningChannels>;
  listClosedChannels(): Promise<readonly ClosedLightningChannel[]>;
  listPeers(): Promise<readonly LightningPeer[]>;
  /** Idempotent: being connected already is success. */
  connectPeer(peer: { readonly nodePubkey: string; readonly host: string }): Promise<void>;
  /**
   * **write**, keyed by `memo`: looks for a channel with this memo first and returns its point. Returns once the funding tx is
   * broadcast.
   */
  openChannel(request: OpenChannelRequest): Promise<{ readonly channelPoint: string }>;
  /** **write**: looks at waiting closes first. Returns at close_pending; never turns a cooperative close into a forced one. */
  closeChannel(request: CloseChannelRequest): Promise<{ readonly closingTxid: string }>;

  /** **write**, idempotent by `preimage`: an invoice of that hash is looked up and returned. */
  addInvoice(request: AddInvoiceRequest): Promise<LightningInvoice>;
  /** **write**, idempotent by `paymentHash`: "already exists" is looked up and returned. */
  addHoldInvoice(request: AddHoldInvoiceRequest): Promise<LightningInvoice>;
  /** **write**, idempotent. Already canceled, still open or unknown = `daemon_rejected` (daemon_name invoice_canceled, invoice_open, invoice_unknown). */
  settleInvoice(preimage: string): Promise<void>;
  /** **write**, idempotent. Already settled = `daemon_rejected` (daemon_name invoice_settled), unknown = invoice_unknown. */
  cancelInvoice(paymentHash: string): Promise<void>;
  /** undefined = lnd has no such invoice. */
  lookupInvoice(paymentHash: string): Promise<LightningInvoice | undefined>;
  /** One page in ascending add_index, starting after `afterAddIndex`. */
  listInvoices(page: ListInvoicesPage): Promise<readonly LightningInvoice[]>;
  /**
   * Invoices added (OPEN) and SETTLED since the cursor, then live ones; ACCEPTED and CANCELED never come here. An entry may come
   * twice. A clean end of the stream ends the iteration; `daemon_unavailable` when it broke.
   */
  subscribeInvoices(cursor: InvoiceCursor, signal: AbortSignal): AsyncIterable<LightningInvoice>;
  /** The current state at once, then every change; ends after SETTLED or CANCELED. An unknown hash just waits. */
  subscribeInvoice(paymentHash: string, signal: AbortSignal): AsyncIterable<LightningInvoice>;

  decodePaymentRequest(bolt11: string): Promise<DecodedPaymentRequest>;
  /** Asks with a probe HTLC; undefined = no usable route. */
  estimateRouteFee(bolt11: string, timeoutSeconds: number): Promise<{ readonly feeMsat: bigint } | undefined>;
  /**
   * **write**, keyed by the payment hash. Waits for the end of the stream: resolves with the terminal payment, or with what kept it
   * from being sent. A lost stream, a deadline or a cancelled wait is `outcome_unknown`: the payment may go on.
   */
  sendPayment(request: SendPaymentRequest, sending?: Sending): Promise<SendPaymentOutcome>;
  /** The newest lifecycle of a hash as it is now; undefined = lnd says that it was never started. */
  trackPayment(paymentHash: string): Promise<LightningPayment | undefined>;
  /** Every state of a payment from the current one on, until it is terminal. NOT_FOUND ends it without a message. */
  followPayment(paymentHash: string, signal: AbortSignal): AsyncIterable<LightningPayment>;
  /** One page in ascending payment_index after `afterPaymentIndex`, incomplete ones included. */
  listPayments(page: {
    readonly afterPaymentIndex: bigint;
    readonly limit: number;
  }): Promise<readonly LightningPayment[]>;
  /** Largest payment_index lnd knows; 0 without payments. Tells a restored or emptied node from the one we paid with. */
  getTopPaymentIndex(): Promise<bigint>;

  /** One page of the payments of others that went through this node, in the order in which they settled. */
  listForwards(page: ForwardsPage): Promise<readonly LightningForward[]>;

  /** **write**, keyed by `label`: looked up among the wallet's transactions first. */
  sendOnchain(request: SendOnchainRequest): Promise<{ readonly txid: string }>;
  newAddress(type: OnchainAddressType): Promise<string>;
  listOnchainTransactions(sinceHeight: number): Promise<readonly OnchainTransaction[]>;
  /** sat/vB and total fee for paying an address. */
  estimateOnchainFee(request: {
    readonly address: string;
    readonly amountSats: bigint;
    readonly targetConf: number;
  }): Promise<{ readonly feeSats: bigint; readonly satPerVbyte: bigint }>;

  /** Height of the block that holds any transaction, the wallet's or not; undefined while it has fewer confirmations. */
  findConfirmation(query: ConfirmationQuery): Promise<number | undefined>;
}

export interface ConfirmationQuery {
  readonly txid: string;
  /** Of one of its outputs, hex: nodes without a full chain find the transaction by it. */
  readonly script: string;
  readonly confirmations: number;
  /** No block below it is searched. */
  readonly heightHint: number;
}

/** Ordered: only `server_active` serves everything; `rpc_active` serves reads and invoices. */
export type LightningWalletState =
  | "waiting_to_start"
  | "non_existing"
  | "locked"
  | "unlocked"
  | "rpc_active"
  | "server_active";

export interface LightningNodeInfo {
  /** 66 hex. */
  readonly nodePubkey: string;
  readonly alias: string;
  /** Leading semver only. */
  readonly version: string;
  readonly network: string;
  readonly blockHeight: number;
  readonly syncedToChain: boolean;
  readonly syncedToGraph: boolean;
  readonly activeChannels: number;
  readonly pendingChannels: number;
  readonly peers: number;
}

export interface LightningBalance {
  readonly localMsat: bigint;
  readonly remoteMsat: bigint;
  /** HTLCs in flight; never part of localMsat. */
  readonly unsettledLocalMsat: bigint;
  readonly unsettledRemoteMsat: bigint;
  readonly pendingOpenLocalMsat: bigint;
  readonly pendingOpenRemoteMsat: bigint;
}

export interface OnchainBalance {
  readonly totalSats: bigint;
  readonly confirmedSats: bigint;
  readonly unconfirmedSats: bigint;
  /** Leased outputs; included in the total. */
  readonly lockedSats: bigint;
  /** Kept back for anchor channels; included in the total. */
  readonly reservedAnchorSats: bigint;
}

export interface LightningChannel {
  /** `txid:vout`, what identifies it: a chan_id may be an alias. */
  readonly channelPoint: string;
  readonly chanId: bigint;
  readonly remotePubkey: string;
  readonly isActive: boolean;
  readonly isPrivate: boolean;
  readonly isInitiator: boolean;
  readonly capacitySats: bigint;
  readonly localSats: bigint;
  readonly remoteSats: bigint;
  readonly commitFeeSats: bigint;
  readonly unsettledSats: bigint;
  readonly localReserveSats: bigint;
  readonly memo: string;
  readonly pendingHtlcs: readonly PendingHtlc[];
}

export interface PendingHtlc {
  readonly isIncoming: boolean;
  readonly amountSats: bigint;
  /** 64 hex */
  readonly paymentHash: string;
  /** It is one half of a payment of others that goes through. */
  readonly isForwarded: boolean;
  readonly expirationHeight: number;
}

export interface PendingLightningChannels {
  readonly limboSats: bigint;
  readonly opening: readonly PendingChannel[];
  readonly waitingClose: readonly (PendingChannel & {
    readonly limboSats: bigint;
    /** Empty while lnd does not know it. */
    readonly closingTxid: string;
    /** What lnd waits for: the commitment transaction, or the one both have signed. */
    readonly way: "force" | "cooperative" | "unknown";
  })[];
  readonly forceClosing: readonly (PendingChannel & {
    readonly limboSats: bigint;
    readonly closingTxid: string;
    readonly blocksTilMaturity: number;
  })[];
}

export interface PendingChannel {
  readonly channelPoint: string;
  readonly remotePubkey: string;
  readonly capacitySats: bigint;
  readonly localSats: bigint;
  readonly commitFeeSats: bigint;
  readonly memo: string;
}

export interface ClosedLightningChannel {
  readonly channelPoint: string;
  readonly remotePubkey: string;
  readonly closingTxid: string;
  readonly closeType: string;
  readonly capacitySats: bigint;
  /** Our balance in the transaction that closed it, HTLCs aside. */
  readonly settledSats: bigint;
  readonly closeHeight: number;
  /** Whether we opened it, and so paid for its commitment. */
  readonly isInitiator: boolean;
  /** How its outputs were resolved; empty for a close that both sides signed. */
  readonly resolutions: readonly ChannelResolution[];
}

export interface ChannelResolution {
  readonly kind: "unknown" | "anchor" | "incoming_htlc" | "outgoing_htlc" | "commit";
  /** `claimed` an outgoing HTLC is the peer's, `timeout` an incoming one is. */
  readonly outcome: "unknown" | "claimed" | "unclaimed" | "abandoned" | "first_stage" | "timeout";
  readonly amountSats: bigint;
  readonly sweepTxid: string;
}

export interface LightningPeer {
  readonly nodePubkey: string;
  readonly address: string;
  readonly isInbound: boolean;
  readonly pingTimeUs: bigint;
}

export interface OpenChannelRequest {
  readonly nodePubkey: string;
  readonly amountSats: bigint;
  readonly isPrivate: boolean;
  readonly satPerVbyte: bigint | undefined;
  /** Our request id. */
  readonly memo: string;
}

export interface CloseChannelRequest {
  readonly channelPoint: string;
  readonly force: boolean;
  /** Not with force. */
  readonly satPerVbyte: bigint | undefined;
}

export type InvoiceState = "open" | "accepted" | "settled" | "canceled";

export interface LightningInvoice {
  readonly paymentHash: string;
  readonly bolt11: string;
  readonly memo: string;
  readonly valueMsat: bigint;
  /** What was paid; may exceed the value. */
  readonly amtPaidMsat: bigint;
  readonly state: InvoiceState;
  readonly addIndex: bigint;
  /** 0 until it is settled. */
  readonly settleIndex: bigint;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly htlcs: readonly InvoiceHtlc[];
}

export interface InvoiceHtlc {
  readonly state: "accepted" | "settled" | "canceled";
  readonly amtMsat: bigint;
  readonly expiryHeight: number;
  /** Units of Taproot Assets that came with it, by asset id (64 hex); empty when it brought sats only. */
  readonly units: ReadonlyMap<string, bigint>;
}

export interface AddInvoiceRequest {
  /** 64 hex; derived from the request, so that a repeat finds the same invoice. */
  readonly preimage: string;
  /** 0 = any amount. */
  readonly valueMsat: bigint;
  readonly memo: string;
  readonly expirySeconds: number;
  readonly isPrivate?: boolean;
}

export interface AddHoldInvoiceRequest {
  readonly paymentHash: string;
  readonly valueMsat: bigint;
  readonly memo: string;
  readonly expirySeconds: number;
  /** Blocks of the last hop. */
  readonly cltvExpiry: number;
  readonly isPrivate?: boolean;
}

export interface ListInvoicesPage {
  readonly afterAddIndex: bigint;
  /** At most 200. */
  readonly limit: number;
  readonly pendingOnly?: boolean;
}

/** lnd's two sequences; 0 asks for no backlog of that kind. Event 1 can never be replayed. */
export interface InvoiceCursor {
  readonly addIndex: bigint;
  readonly settleIndex: bigint;
}

export interface DecodedPaymentRequest {
  readonly paymentHash: string;
  readonly destination: string;
  readonly amountMsat: bigint;
  readonly expiresAt: Date;
  readonly minFinalCltv: number;
}

/** How long a payment may still be sent. */
export interface Sending {
  /** Gives up the wait; what was sent before is `outcome_unknown` then. */
  readonly signal?: AbortSignal | undefined;
  /** A payment that is not on its way by then is not sent at all (`daemon_unavailable`): somebody else may have taken it over. */
  readonly notAfter?: Date | undefined;
}

export interface SendPaymentRequest {
  readonly bolt11: string;
  /** The invoice's hash, for the lookups. */
  readonly paymentHash: string;
  /** Only for an invoice without an amount. */
  readonly amountMsat: bigint | undefined;
  /** Always explicit: 0 allows free routes only. */
  readonly feeLimitMsat: bigint;
  readonly timeoutSeconds: number;
  /** Blocks of the whole route. */
  readonly cltvLimit: number;
}

/**
 * `payment` = it ended so. `exists` = this hash has a lifecycle already (ALREADY_EXISTS): track it. `refused` = lnd refused before
 * anything was sent (expired invoice, self-payment, amount rules).
 */
export type SendPaymentOutcome =
  | { readonly kind: "payment"; readonly payment: LightningPayment }
  | { readonly kind: "exists"; readonly status: "succeeded" | "in_flight" | "initiated" }
  | { readonly kind: "refused"; readonly reason: string };

/** Only `succeeded` and `failed` are terminal. */
export type PaymentStatus = "unknown" | "initiated" | "in_flight" | "succeeded" | "failed";

export type PaymentFailureReason =
  | "none"
  | "timeout"
  | "no_route"
  | "error"
  | "incorrect_payment_details"
  | "insufficient_balance"
  | "canceled";

export interface LightningPayment {
  readonly paymentHash: string;
  readonly status: PaymentStatus;
  /** Meaningful only when failed. */
  readonly failureReason: PaymentFailureReason;
  /** Checked against the hash; undefined unless succeeded. */
  readonly preimage: string | undefined;
  readonly valueMsat: bigint;
  readonly feeMsat: bigint;
  readonly paymentIndex: bigint;
  readonly createdAt: Date;
  readonly bolt11: string;
  readonly htlcs: readonly PaymentHtlc[];
}

export interface PaymentHtlc {
  readonly status: "in_flight" | "succeeded" | "failed";
  readonly attemptId: bigint;
  /** Sats that left our channel in it; of an asset payment less than it is worth, since its units carry the rest. */
  readonly sentMsat: bigint;
  /** Units of Taproot Assets that left with it, by asset id (64 hex). */
  readonly units: ReadonlyMap<string, bigint>;
}

export interface ForwardsPage {
  /** Read as whole seconds, inclusive. */
  readonly since: Date;
  /** How many of them to skip. */
  readonly offset: number;
  /** At most 200. */
  readonly limit: number;
}

export interface LightningForward {
  /** Nanoseconds since 1970. No two forwards of a node share one. */
  readonly settledAtNs: bigint;
  readonly inChanId: bigint;
  readonly outChanId: bigint;
  readonly feeMsat: bigint;
}

export type OnchainAddressType = "p2tr" | "p2wkh" | "np2wkh";

export interface SendOnchainRequest {
  readonly address: string;
  readonly amountSats: bigint;
  readonly satPerVbyte: bigint | undefined;
  /** Our request id. */
  readonly label: string;
}

export interface OnchainTransaction {
  readonly txid: string;
  /** Outgoing is negative. */
  readonly amountSats: bigint;
  readonly feeSats: bigint;
  /** All its outputs together, those of others included. */
  readonly outputsSats: bigint;
  readonly confirmations: number;
  readonly blockHeight: number;
  readonly label: string;
}
