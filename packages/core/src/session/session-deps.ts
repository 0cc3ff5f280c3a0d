import type { InsertJobDeps } from "../jobs/insert-job";
import type { InvoiceQuoteSource } from "../lightning/invoice-quotes";
import type { LightningConfig } from "../lightning/lightning-config";
import type { ArkDaemon, ArkServerInfo } from "../ports/ark-daemon";
import type { AssetRegistry } from "../ports/asset-registry";
import type { BatchProofStore } from "../ports/batch-proof-store";
import type { Clock } from "../ports/clock";
import type { LedgerStore } from "../ports/ledger-store";
import type { BudgetStore, LightningStore, PayoutStore } from "../ports/lightning-stores";
import type { GatewayIdentity, NostrOutbox, NostrPeers } from "../ports/nostr";
import type { Random } from "../ports/random";
import type { ChallengeStore, IntentStore, ResultStore, SessionStore, SessionTxStore } from "../ports/session-stores";
import type { SettlementLeafStore } from "../ports/settlement-store";
import type { SwapBatchStore } from "../ports/swap-batch-store";
import type { TransactionStore } from "../ports/transaction-store";
import type { Transactions } from "../ports/transactions";
import type { VtxoStore } from "../ports/vtxo-store";
import type { WebhookOutbox } from "../ports/webhook-stores";
import type { VtxoKind } from "../vtxo/vtxo";

/** Limits and fees of sessions; the values come from the configuration, times are in ms. */
export interface SessionConfig {
  readonly network: "mainnet" | "testnet" | "signet" | "regtest";
  readonly sessionTimeoutMs: number;
  readonly challengeTimeoutMs: number;
  /** How long steps 1-3 may wait for arkd or inventory before the session ends. */
  readonly ceremonyTimeoutMs: number;
  /** First pause before challenge 2 is sent again; it doubles up to ten minutes. */
  readonly challengeResendMs: number;
  readonly maxSessionsPerUser: number;
  readonly unprovenSessionsPerCreator: number;
  readonly maxInputs: number;
  readonly acceptedUnfinalisedMax: number;
  /** Ceremonies driven at once, over all workers; more wait, none is refused. */
  readonly maxConcurrentSessions: number;
  /** Inputs with less life left are not selected. */
  readonly vtxoMinRemainingMs: number;
  /** Sats that the gateway renews for one key in a UTC day. */
  readonly renewDailySats: bigint;
  readonly l2FeeSats: bigint;
  /** Smallest gateway VTXO that serves as co-input. */
  readonly feeVtxoSats: bigint;
  readonly maxIntentTtlMs: number;
  /** Failure notices per minute, over all authors, above which keys without a VTXO or a completed session get none. */
  readonly strangerRepliesPerMinute: number;
  /** Deadline of one arkd call: how long a lost send may still take effect. */
  readonly daemonTimeoutMs: number;
  readonly batchMembersMax: number;
  readonly batchPresign: BatchPresign;
}

/** Who of a batch gives its checkpoint signatures with its first answer (swap/choose-presigners.ts). */
export type BatchPresign = "largest" | "non_solver" | "all" | "none";

/** arkd's parameters as last known; `not_ready` when they never were. The API reads a row, the worker asks arkd. */
export interface ArkInfoSource {
  current(): Promise<ArkServerInfo>;
}

/** What opening a land asks of the Lightning node. */
export interface LightningFacts {
  /** 66 hex. */
  readonly nodePubkey: string;
  /** What our side of the channels holds, without HTLCs in flight. */
  readonly localMsat: bigint;
}

/** `not_ready` when the node was never seen, `feature_disabled` without one. The API reads rows, the worker asks lnd. */
export interface LightningInfoSource {
  current(): Promise<LightningFacts>;
}

/** What the session use cases need. Nothing here waits for a daemon. */
export interface SessionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly config: SessionConfig;
  readonly transactions: Transactions;
  readonly sessions: SessionStore;
  readonly challenges: ChallengeStore;
  readonly sessionTxs: SessionTxStore;
  readonly intents: IntentStore;
  readonly swapBatches: SwapBatchStore;
  readonly results: ResultStore;
  readonly vtxos: VtxoStore;
  readonly assets: AssetRegistry;
  readonly txs: TransactionStore;
  readonly ledger: LedgerStore;
  /** Outputs that were confirmed, for the next settlement. */
  readonly leaves: Pick<SettlementLeafStore, "insert">;
  readonly proofs: BatchProofStore;
  readonly lightningConfig: LightningConfig;
  readonly lightningInfo: LightningInfoSource;
  readonly invoiceQuotes: InvoiceQuoteSource;
  readonly operations: LightningStore;
  readonly budgets: BudgetStore;
  readonly jobs: InsertJobDeps;
  readonly arkInfo: ArkInfoSource;
  readonly outbox: NostrOutbox;
  readonly webhooks: WebhookOutbox;
  readonly peers: NostrPeers;
  /** undefined = no Nostr key is configured: challenges travel over HTTP only and nothing is published. */
  readonly identity: GatewayIdentity | undefined;
}

/** The gateway's own VTXO keys, one per kind of script. Secret keys never leave the worker. */
export interface GatewayWallet {
  readonly keys: Readonly<
    Record<Exclude<VtxoKind, "user">, { readonly pubkey: string; readonly secretKey: Uint8Array }>
  >;
}

/** What driving a ceremony needs on top: arkd and the gateway's keys. */
export interface CeremonyDeps extends SessionDeps {
  readonly arkd: ArkDaemon;
  readonly wallet: GatewayWallet;
  readonly payouts: PayoutStore;
}

/** Longest age of a mirror that funds are judged on. */
export const MIRROR_AGE_MS_MAX = 60_000;
