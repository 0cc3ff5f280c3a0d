import type { PoolStats } from "@arkrelay/db/connection";
import type { QueueStatus } from "@arkrelay/tasks/read-queue-status";

import type { ProcessStats } from "./read-process-stats";

export interface DaemonState {
  /** false = this installation does without it. */
  readonly isConfigured: boolean;
  readonly healthy: boolean;
  readonly breaker: "closed" | "half_open" | "open" | "unknown";
  readonly latencyMs: number | undefined;
  readonly version: string | undefined;
  readonly lastErrorCode: string | undefined;
}

export const DAEMONS = ["arkd", "tapd", "lnd"] as const;
export type DaemonName = (typeof DAEMONS)[number];

/** What the services process wrote about its listeners, as far as it is still alive. */
export interface NostrState {
  readonly running: boolean;
  readonly gatewayPubkey: string | undefined;
  readonly eventsReceived: number;
  readonly eventsPublished: number;
  readonly errors: number;
  /** Sockets opened since the listener began to lead. */
  readonly connections: number;
  /** Events taken in, by kind. */
  readonly handlers: Readonly<Record<string, number>>;
  readonly relays: readonly RelayState[];
}

/** How far the Lightning listener is. */
export interface LightningState {
  readonly running: boolean;
  readonly lastCheckAt: Date | undefined;
  readonly checkIntervalMs: number | undefined;
  readonly subscriptions: number;
  /** lnd's two sequences as far as they were taken in; decimal. */
  readonly cursor: { readonly addIndex: string; readonly settleIndex: string };
}

export interface RelayState {
  readonly url: string;
  readonly connected: boolean;
  readonly lastSeenAt: Date | undefined;
  readonly lagSeconds: number | undefined;
}

export interface ServiceRow {
  readonly name: string;
  readonly lastHeartbeatAt: Date | undefined;
  readonly alive: boolean;
  readonly message: string;
  readonly desiredState: string | undefined;
  readonly leader: boolean;
}

export interface MetricRow {
  readonly id: bigint;
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly memoryAvailableMb: number;
  readonly diskPercent: number;
  readonly diskFreeGb: number;
  readonly at: Date;
}

export interface HeartbeatRow {
  readonly id: bigint;
  readonly serviceName: string;
  readonly isAlive: boolean;
  readonly message: string;
  readonly at: Date;
}

export interface RedisInfo {
  readonly usedMemoryMb: number;
  readonly usedMemoryBytes: number;
  readonly connectedClients: number;
  readonly totalCommandsProcessed: number;
  readonly keyspaceHits: number;
  readonly keyspaceMisses: number;
}

/** How the stored events of Nostr travel through Redis to the workers. */
export interface NostrQueueState {
  readonly stored: number;
  readonly processed: number;
  readonly failed: number;
  /** Wakes that wait or are at work. */
  readonly queueSize: number;
  /** Worker processes that take them. */
  readonly workers: number;
  /** Wake-up channels somebody listens on. */
  readonly channels: number;
}

/** Where the status routes look. Each is bounded in time and may throw; the routes say what they could not read. */
export interface StatusSources {
  /** From the signal on, so that no more traffic is sent while the process still answers. */
  readonly isDraining: () => Promise<boolean>;
  readonly pingDatabase: () => Promise<void>;
  /** Throws when the migrations this release needs are not in. */
  readonly checkSchema: () => Promise<void>;
  readonly countTables: () => Promise<readonly { readonly name: string; readonly count: number }[]>;
  readonly pingRedis: () => Promise<void>;
  /** Redis was reached at least once since this process started. */
  readonly hasMetRedis: () => boolean;
  readonly readRedisInfo: () => Promise<RedisInfo>;
  /** Throws `queue_unavailable`. */
  readonly readQueues: () => Promise<readonly QueueStatus[]>;
  readonly readDaemons: () => Promise<Readonly<Record<DaemonName, DaemonState>>>;
  readonly readNostr: () => Promise<NostrState>;
  readonly readLightning: () => Promise<LightningState>;
  /** As the leases and the wishes in the database say. */
  readonly readInventoryMonitor: () => Promise<{ readonly inventory: boolean; readonly settlement: boolean }>;
  /** Throws when Redis or the database is away. */
  readonly readNostrQueue: () => Promise<NostrQueueState>;
  readonly readPool: () => PoolStats;
  readonly readProcess: () => Promise<ProcessStats>;
  readonly listServices: () => Promise<readonly ServiceRow[]>;
  readonly listMetrics: (limit: number, beforeId: bigint | undefined) => Promise<readonly MetricRow[]>;
  readonly listHeartbeats: (
    service: string | undefined,
    limit: number,
    beforeId: bigint | undefined,
  ) => Promise<readonly HeartbeatRow[]>;
}
