/** lnd releases whose differences a client can notice. */
export const LND_PROFILES = {
  "0.18": { version: "0.18.5-beta", patch: [0, 18, 5], holdExpiryDelta: 12, minCltvExpiry: 18 },
  "0.20": { version: "0.20.1-beta", patch: [0, 20, 1], holdExpiryDelta: 12, minCltvExpiry: 18 },
  "0.21": { version: "0.21.2-beta", patch: [0, 21, 2], holdExpiryDelta: 18, minCltvExpiry: 24 },
} as const;
export type LndProfile = keyof typeof LND_PROFILES;

export const SUBSERVERS = ["chainrpc", "invoicesrpc", "routerrpc", "verrpc"] as const;
export type Subserver = (typeof SUBSERVERS)[number];

/** In the order in which a daemon goes through them. */
export const LND_WALLET_STATES = [
  "waiting_to_start",
  "non_existing",
  "locked",
  "unlocked",
  "rpc_active",
  "server_active",
] as const;
export type LndWalletState = (typeof LND_WALLET_STATES)[number];

/** What an operator or the world around the node could change. Kept in the journal; a reset brings the defaults back. */
export interface LndSettings {
  readonly profile: LndProfile;
  /** How far the daemon has come since its start; an operator unlocks the wallet. */
  readonly walletState: LndWalletState;
  readonly isSyncedToChain: boolean;
  /** Sub-servers this build was made without: their calls are UNIMPLEMENTED. */
  readonly missingSubservers: readonly Subserver[];
  /** Blocks until a new channel may be used; real lnd takes 1 to 6 by its size. */
  readonly channelConfirmations: number;
  readonly isWumbo: boolean;
  /** Fees of a forwarding node. */
  readonly feeBaseMsat: bigint;
  readonly feePpm: bigint;
  /** Whether the routing peer is online. */
  readonly isPeerOnline: boolean;
  /** Transactions below this feerate stay in the mempool. */
  readonly mempoolMinSatPerVbyte: bigint;
  /** How the next payments of our node end, whatever the network could do. */
  readonly forcedPaymentFailure: "none" | "timeout" | "no_route" | "error";
  /** Blocks before an HTLC's expiry at which the outside wallet gives its held invoices back. */
  readonly outsideHoldExpiryDelta: number;
}

export const DEFAULT_LND_SETTINGS: LndSettings = {
  profile: "0.21",
  walletState: "server_active",
  isSyncedToChain: true,
  missingSubservers: [],
  channelConfirmations: 3,
  isWumbo: true,
  feeBaseMsat: 1_000n,
  feePpm: 100n,
  isPeerOnline: true,
  mempoolMinSatPerVbyte: 0n,
  forcedPaymentFailure: "none",
  outsideHoldExpiryDelta: 18,
};

/** Whether the node is at least of this release. */
export function isAtLeast(settings: LndSettings, profile: LndProfile): boolean {
  const order = Object.keys(LND_PROFILES);
  return order.indexOf(settings.profile) >= order.indexOf(profile);
}

/** The cltv delta a forwarding node takes, and lnd's default for invoices. */
export const FORWARDING_CLTV_DELTA = 80;
/** A sender adds blocks to the final delta, in case one is found while the HTLC travels. */
export const SENDER_BLOCK_PADDING = 3;
/** How long the parts of an incomplete set are held. */
export const MPP_TIMEOUT_SECONDS = 120;
/** Share of a channel its owner may not spend: one hundredth. */
export const RESERVE_DIVISOR = 100n;
/** What the opener of a channel pays for its commitment transaction with two anchors. */
export const COMMIT_FEE_SATS = 3_110n;
/** The forced closer waits this long for its own money. */
export const CSV_DELAY = 144;
export const CHANNEL_MIN_SATS = 20_000n;
export const CHANNEL_MAX_SATS = 16_777_215n;
export const CHANNEL_MAX_WUMBO_SATS = 1_000_000_000n;
/** lnd keeps this much per public anchor channel in its wallet, so that it can bump a forced close. */
export const ANCHOR_RESERVE_SATS = 10_000n;
export const ANCHOR_RESERVE_MAX_SATS = 100_000n;
