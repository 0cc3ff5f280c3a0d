import { z } from "zod";

import {
  lightningReportSchema,
  inventoryReportSchema,
  LISTENER_SERVICES,
  type ListenerService,
  type MonitoringReport,
  monitoringReportSchema,
  nostrReportSchema,
  parseServiceReport,
  SETTLEMENT_SERVICE,
} from "@arkrelay/core/service-report";
import type { Database } from "@arkrelay/db/connection";
import { requireSchema } from "@arkrelay/db/migrator";
import { countNostrEvents } from "@arkrelay/db/stores/count-nostr-events";
import { DrizzleHeartbeatStore, type Heartbeat } from "@arkrelay/db/stores/heartbeat-store";
import { DrizzleLeaseStore } from "@arkrelay/db/stores/lease-store";
import { DrizzleServiceStateStore, type ServiceState } from "@arkrelay/db/stores/service-state-store";
import { DrizzleSystemMetricsStore } from "@arkrelay/db/stores/system-metrics-store";
import { estimateTables } from "@arkrelay/db/stores/table-counts";
import type { Metrics } from "@arkrelay/runtime/metrics";
import { pingRedis, type Redis } from "@arkrelay/runtime/redis";
import { readQueueStatus } from "@arkrelay/tasks/read-queue-status";
import type { WakeQueues } from "@arkrelay/tasks/wake-queues";

import { readProcessStats } from "./read-process-stats";
import {
  type DaemonName,
  DAEMONS,
  type DaemonState,
  type LightningState,
  type NostrQueueState,
  type NostrState,
  type RedisInfo,
  type ServiceRow,
  type StatusSources,
} from "./status-sources";

export interface StatusDeps {
  readonly database: Database;
  readonly redis: Redis;
  readonly hasMetRedis: () => boolean;
  readonly queues: WakeQueues;
  readonly metrics: Pick<Metrics, "registry">;
  readonly configuredDaemons: ReadonlySet<DaemonName>;
  readonly isDraining: () => Promise<boolean>;
  readonly now: () => Date;
}

/** Beats come every minute; who is silent for three is gone. */
const HEARTBEAT_SECONDS = 60;
const ALIVE_SECONDS = 3 * HEARTBEAT_SECONDS;
/** Rows of services that were heard of within a day are worth showing as dead. */
const SHOWN_SECONDS = 86_400;

/** The status of everything, from the rows that the other processes write: the API asks no daemon itself. */
export function createStatusSources(deps: StatusDeps): StatusSources {
  const { database, redis, queues } = deps;
  const states = new DrizzleServiceStateStore(database);
  const heartbeats = new DrizzleHeartbeatStore(database);
  const leases = new DrizzleLeaseStore(database);
  const metrics = new DrizzleSystemMetricsStore(database);
  return {
    isDraining: deps.isDraining,
    pingDatabase: () => database.ping(),
    checkSchema: () => requireSchema(database),
    countTables: () => estimateTables(database),
    pingRedis: () => pingRedis(redis),
    hasMetRedis: deps.hasMetRedis,
    readRedisInfo: async () => toRedisInfo(await redis.info()),
    readQueues: () => readQueueStatus(queues),
    readNostrQueue: createNostrQueueReader(deps),
    readPool: () => database.poolStats(),
    readProcess: () => readProcessStats(deps.metrics),
    readDaemons: async () => readDaemons(await states.list(), deps),
    readNostr: async () => toNostrState(await states.find("nostr"), deps.now()),
    readLightning: async () => toLightningState(await states.find("lightning"), deps.now()),
    readInventoryMonitor: async () => {
      const [rows, held] = await Promise.all([states.list(), leases.listHeld()]);
      return toInventoryMonitor(rows, held, deps.now());
    },
    listServices: async () => {
      const [beats, rows, held] = await Promise.all([
        heartbeats.listLatest(SHOWN_SECONDS),
        states.list(),
        leases.listHeld(),
      ]);
      return toServices({ beats, states: rows, held }, deps.now());
    },
    listMetrics: async (limit, beforeId) => {
      const rows = await metrics.list({ limit, beforeId: beforeId === undefined ? undefined : Number(beforeId) });
      return rows.map(({ id, timestamp, ...row }) => ({ id: BigInt(id), at: timestamp, ...row }));
    },
    listHeartbeats: async (serviceName, limit, beforeId) => {
      const page = { limit, beforeId: beforeId === undefined ? undefined : Number(beforeId) };
      const rows = await heartbeats.list({ serviceName, ...page });
      return rows.map((row) => ({
        id: BigInt(row.id),
        serviceName: row.serviceName,
        isAlive: row.isAlive,
        message: row.message ?? "",
        at: row.timestamp,
      }));
    },
  };
}

const NOSTR_QUEUE_KEPT_MS = 10_000;

/** Anybody may ask and counting takes a while in a large table: one answer serves all callers for some seconds. */
function createNostrQueueReader({ database, redis, queues }: StatusDeps): StatusSources["readNostrQueue"] {
  let kept: { readonly state: Promise<NostrQueueState>; readonly untilMs: number } | undefined;
  const read = async () => {
    const [counts, all, channels] = await Promise.all([
      countNostrEvents(database),
      readQueueStatus(queues),
      redis.pubsub("CHANNELS", "arkrelay:wake:*"),
    ]);
    const queue = all.find(({ name }) => name === "nostr-in");
    const queueSize = queue === undefined ? 0 : queue.waiting + queue.active + queue.delayed;
    return { ...counts, queueSize, workers: queue?.workers ?? 0, channels: channels.length };
  };
  return () => {
    if (kept !== undefined && kept.untilMs > performance.now()) return kept.state;
    const state = read();
    kept = { state, untilMs: performance.now() + NOSTR_QUEUE_KEPT_MS };
    state.catch(() => (kept = undefined));
    return state;
  };
}

function toRedisInfo(info: string): RedisInfo {
  const read = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, "m").exec(info)?.[1] ?? 0);
  return {
    usedMemoryBytes: read("used_memory"),
    keyspaceHits: read("keyspace_hits"),
    keyspaceMisses: read("keyspace_misses"),
    usedMemoryMb: Math.round((read("used_memory") / 1_048_576) * 100) / 100,
    connectedClients: read("connected_clients"),
    totalCommandsProcessed: read("total_commands_processed"),
  };
}

function readDaemons(states: readonly ServiceState[], deps: Pick<StatusDeps, "configuredDaemons" | "now">) {
  const report = readReport(monitoringReportSchema, states, "monitoring", deps.now());
  const entries = DAEMONS.map((name) => {
    const isConfigured = deps.configuredDaemons.has(name);
    return [name, isConfigured ? toDaemonState(report?.detail?.daemons[name]) : NOT_CONFIGURED];
  });
  return Object.fromEntries(entries) as Record<DaemonName, DaemonState>;
}

const NOT_CONFIGURED: DaemonState = {
  isConfigured: false,
  healthy: false,
  breaker: "unknown",
  latencyMs: undefined,
  version: undefined,
  lastErrorCode: "not_configured",
};

function toDaemonState(health: NonNullable<MonitoringReport["detail"]>["daemons"][string] | undefined): DaemonState {
  return {
    isConfigured: true,
    healthy: health?.healthy ?? false,
    breaker: health?.breaker ?? "unknown",
    latencyMs: health?.latencyMs ?? undefined,
    version: health?.version ?? undefined,
    lastErrorCode: health?.lastErrorCode ?? undefined,
  };
}

function toNostrState(state: ServiceState | undefined, now: Date): NostrState {
  const report = readReport(nostrReportSchema, state === undefined ? [] : [state], "nostr", now);
  const detail = report?.detail;
  return {
    running: report !== undefined && report.running && state?.desiredState === "running",
    gatewayPubkey: detail?.gatewayPubkey,
    eventsReceived: detail?.eventsReceived ?? 0,
    eventsPublished: detail?.eventsPublished ?? 0,
    errors: detail?.errors ?? 0,
    connections: detail?.connections ?? 0,
    handlers: detail?.handlers ?? {},
    relays: (detail?.relays ?? []).map((relay) => ({
      url: relay.url,
      connected: relay.connected,
      lastSeenAt: relay.lastSeenAt === null ? undefined : new Date(relay.lastSeenAt),
      lagSeconds: relay.lagSeconds ?? undefined,
    })),
  };
}

function toLightningState(state: ServiceState | undefined, now: Date): LightningState {
  const report = readReport(lightningReportSchema, state === undefined ? [] : [state], "lightning", now);
  // How far it came stays true after it stopped.
  const last = lightningReportSchema.safeParse(state?.actual).data?.detail;
  const lastCheckAt = last?.lastCheckAt ?? undefined;
  return {
    running: report !== undefined && report.running && state?.desiredState === "running",
    lastCheckAt: lastCheckAt === undefined ? undefined : new Date(lastCheckAt),
    checkIntervalMs: last?.checkIntervalMs,
    subscriptions: report?.detail?.subscriptions ?? 0,
    cursor: last?.cursor ?? { addIndex: "0", settleIndex: "0" },
  };
}

/** Settling is a schedule: it runs while somebody holds the scheduler's lease and nobody has wished it stopped. */
function toInventoryMonitor(states: readonly ServiceState[], held: ReadonlySet<string>, now: Date) {
  const isStopped = (service: string): boolean =>
    states.find((each) => each.service === service)?.desiredState === "stopped";
  const report = readReport(inventoryReportSchema, states, "inventory", now);
  return {
    inventory: held.has("service:inventory") && !isStopped("inventory") && report?.running === true,
    settlement: held.has("scheduler") && !isStopped(SETTLEMENT_SERVICE),
  };
}

function readReport<T extends { readonly at: string }>(
  schema: z.ZodType<T>,
  states: readonly ServiceState[],
  service: ListenerService,
  now: Date,
): T | undefined {
  const state = states.find((each) => each.service === service);
  return state === undefined ? undefined : parseServiceReport(schema, state.actual, now);
}

interface ServiceRecords {
  readonly beats: readonly Heartbeat[];
  readonly states: readonly ServiceState[];
  /** Names of the leases that are held now. */
  readonly held: ReadonlySet<string>;
}

/** Every process by its newest beat and every listener by its newest report, whichever replica wrote them. */
function toServices({ beats, states, held }: ServiceRecords, now: Date): readonly ServiceRow[] {
  const newest = new Map<string, Heartbeat>();
  for (const beat of beats) {
    const known = newest.get(beat.serviceName);
    if (known === undefined || known.id < beat.id) newest.set(beat.serviceName, beat);
  }
  const processes = [...newest.values()].map((beat) => toProcessRow(beat, held, now));
  const listeners = states.filter(({ service }) => isListener(service)).map((state) => toListenerRow(state, held, now));
  return [...processes, ...listeners].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function toProcessRow(beat: Heartbeat, held: ReadonlySet<string>, now: Date): ServiceRow {
  return {
    name: beat.serviceName,
    lastHeartbeatAt: beat.timestamp,
    alive: beat.isAlive && now.getTime() - beat.timestamp.getTime() < ALIVE_SECONDS * 1000,
    message: beat.message ?? "",
    desiredState: undefined,
    leader: held.has(beat.serviceName),
  };
}

/** service_state holds other rows too (the queue's epoch); only listeners are services. */
function isListener(service: string): boolean {
  return LISTENER_SERVICES.some((known) => known === service);
}

const anyReport = z.object({ at: z.string(), lastError: z.string().nullish() });

function toListenerRow(state: ServiceState, held: ReadonlySet<string>, now: Date): ServiceRow {
  const last = anyReport.safeParse(state.actual).data;
  return {
    name: state.service,
    lastHeartbeatAt: last === undefined ? undefined : new Date(last.at),
    alive: parseServiceReport(anyReport, state.actual, now) !== undefined,
    message: last?.lastError ?? "",
    desiredState: state.desiredState,
    leader: held.has(`service:${state.service}`),
  };
}
