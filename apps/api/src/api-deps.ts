import type { SolverAuth } from "@arkrelay/core/http/access";
import type { AssignStockDeps } from "@arkrelay/core/inventory/assign-stock";
import type { InventoryLevels } from "@arkrelay/core/inventory/judge-inventory";
import type { InsertJobDeps } from "@arkrelay/core/jobs/insert-job";
import type { JobStore } from "@arkrelay/core/jobs/job-store";
import type { LightningSessionDeps } from "@arkrelay/core/lightning/lightning-deps";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { PayoutStore } from "@arkrelay/core/ports/lightning-stores";
import type { Random } from "@arkrelay/core/ports/random";
import type { Transactions } from "@arkrelay/core/ports/transactions";
import type { Waker } from "@arkrelay/core/ports/waker";
import type { ExpireVtxosDeps } from "@arkrelay/core/vtxo/expire-vtxos";
import type { WebhookDeps } from "@arkrelay/core/webhook/manage-endpoints";
import type { RestartWatcher } from "@arkrelay/daemons/restart-watcher";
import type { Idempotency } from "@arkrelay/db/stores/idempotency-store";
import type { HeartbeatOptions } from "@arkrelay/runtime/heartbeat-loop";
import type { Logger } from "@arkrelay/runtime/logger";
import type { Metrics } from "@arkrelay/runtime/metrics";

import type { AdminStores } from "./admin-stores";
import type { DaemonReads } from "./daemon-reads";
import type { AuthDeps } from "./http/authenticate";
import type { CallLimits } from "./http/call-limits";
import type { Cursors } from "./http/cursor";
import type { EventStreams } from "./http/event-streams";
import type { LndReads } from "./lnd-reads";
import type { StatusSources } from "./status-sources";

export interface ApiSettings {
  readonly version: string;
  readonly isProduction: boolean;
  readonly publicBaseUrl: string;
  readonly solverAuth: SolverAuth;
  readonly trustProxy: number;
  readonly corsOrigins: readonly string[];
  /** Whether routes that only try Nostr out may be called (NOSTR_TEST_ROUTES). */
  readonly nostrTestRoutes: boolean;
  /** Holds every answer to its schema; for tests, it costs time. */
  readonly checkReplies: boolean;
  /** Sats of the VTXOs that are made for the inventory. */
  readonly inventory: InventorySettings;
  /** What `/admin/configuration` shows. Never a secret. */
  readonly shownConfiguration: ShownConfiguration;
}

export interface InventorySettings {
  readonly levels: InventoryLevels;
  /** What is held for the on-chain fee rate. */
  readonly satPerVbyte: number;
  readonly vtxoMinSats: number;
  /** Each of gBTC, unless told otherwise. */
  readonly batchSats: number;
  /** Each under units, unless told otherwise. */
  readonly carrierSats: number;
}

export interface ShownConfiguration {
  readonly env: string;
  readonly appHost: string;
  readonly appPort: number;
  readonly logLevel: string;
  readonly bitcoinNetwork: string;
  readonly metricsEnabled: boolean;
  readonly metricsPort: number;
  readonly sessionTimeoutMinutes: number;
  readonly concurrentSessionsMax: number;
  readonly vtxoExpirationHours: number;
  readonly vtxoMinAmountSats: number;
  readonly l2FeeSats: number;
  readonly feeSatsPerVbyte: number;
  readonly grpcMaxMessageLength: number;
  readonly grpcTimeoutSeconds: number;
}

export interface Nip98Seen {
  /** false when the event id was used before. Committed before the handler runs. */
  markSeen(eventId: string, until: Date): Promise<boolean>;
}

/** All that routes and the pipeline need. Opened in deps.ts, nowhere else. */
export interface ApiDeps {
  readonly settings: ApiSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly transactions: Transactions;
  readonly waker: Waker;
  readonly auth: AuthDeps;
  readonly limits: CallLimits;
  readonly nip98Seen: Nip98Seen;
  readonly idempotency: Idempotency;
  readonly cursors: Cursors;
  readonly streams: EventStreams;
  readonly jobs: JobStore;
  readonly insertJob: InsertJobDeps;
  readonly session: LightningSessionDeps;
  readonly webhooks: WebhookDeps;
  readonly payouts: Pick<PayoutStore, "find" | "findAttempt">;
  /** What ends VTXOs whose time is over. */
  readonly expiry: ExpireVtxosDeps;
  /** What gifts out of the stock are planned with; whose the scripts are is read for each. */
  readonly assign: Omit<AssignStockDeps, "wallet">;
  readonly daemons: DaemonReads;
  readonly lnd: LndReads;
  /** Makes this process dial a daemon anew when an operator asks for it. */
  readonly restarts: RestartWatcher;
  readonly status: StatusSources;
  readonly admin: AdminStores;
  readonly heartbeats: HeartbeatOptions["store"];
  /** Names this process and start. */
  readonly instance: string;
}
