/** Daemons devnet simulates today; the others of the contract answer 400. */
export const FAULT_TARGETS = ["arkd", "relay", "lnd", "tapd"] as const;
export type FaultTarget = (typeof FAULT_TARGETS)[number];

/** What can go wrong at any daemon; README.md says what each kind does at each target. */
const COMMON_KINDS = [
  "error_before",
  "lose_reply",
  "delay",
  "cut_stream",
  "stall",
  "duplicate",
  "drop",
  "reorder",
  "down",
] as const;
/** What daemons with a wallet, macaroons and TLS have besides. */
const WALLET_DAEMON_KINDS = [...COMMON_KINDS, "locked", "bad_macaroon", "rotate_tls", "oversized_reply"] as const;
const LND_KINDS = [...WALLET_DAEMON_KINDS, "stuck_payment", "settle_index_reset"] as const;

const TAPD_OWN_KINDS = ["courier_down", "batch_frozen", "quote_expired"] as const;
const TAPD_KINDS = [...WALLET_DAEMON_KINDS, ...TAPD_OWN_KINDS] as const;

export const FAULT_KINDS = [...LND_KINDS, ...TAPD_OWN_KINDS] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

export const KINDS_OF_TARGET: Readonly<Record<FaultTarget, readonly FaultKind[]>> = {
  arkd: COMMON_KINDS,
  relay: COMMON_KINDS,
  lnd: LND_KINDS,
  tapd: TAPD_KINDS,
};

/** Not a strike at a call: they hold for the whole daemon until they are deleted, or happen to it once. */
export const DAEMON_WIDE_KINDS: ReadonlySet<FaultKind> = new Set([
  "down",
  "locked",
  "rotate_tls",
  "settle_index_reset",
  "courier_down",
]);

export interface FaultSpec {
  readonly target: FaultTarget;
  /** Name of the RPC, or of the NIP-01 message for the relay; `*` = all. */
  readonly method: string;
  readonly kind: FaultKind;
  /** gRPC status name of an error; UNAVAILABLE when absent. */
  readonly code?: string;
  readonly delayMs?: number;
  /** By how much an oversized reply grows; 5 MiB when absent. */
  readonly replyBytes?: number;
  /** How often it strikes before it is gone. */
  readonly times: number;
  /** 0..1, drawn from the seed at every chance. */
  readonly probability: number;
}

export interface Fault extends FaultSpec {
  readonly id: string;
}
