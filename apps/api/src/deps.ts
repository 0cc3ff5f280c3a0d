import { createHash } from "node:crypto";
import { hostname } from "node:os";

import { DEFAULT_KEY_SCOPES } from "@arkrelay/core/http/admin";
import type { LightningNode } from "@arkrelay/core/ports/lightning-node";
import type { TaprootAssets } from "@arkrelay/core/ports/taproot-assets";
import type { WebhookDeps } from "@arkrelay/core/webhook/manage-endpoints";
import type { DaemonManager, DaemonName } from "@arkrelay/daemons/daemon-manager";
import { openProcessDaemons } from "@arkrelay/daemons/open-process-daemons";
import type { Database } from "@arkrelay/db/connection";
import { migrate } from "@arkrelay/db/migrator";
import { openProcessDatabase } from "@arkrelay/db/open-process-database";
import { DrizzleApiKeyStore } from "@arkrelay/db/stores/api-key-store";
import { DrizzleArkInfoStore } from "@arkrelay/db/stores/ark-info-store";
import { DrizzleAssetSupplyStore } from "@arkrelay/db/stores/asset-supply-store";
import { DrizzleBudgetStore } from "@arkrelay/db/stores/budget-store";
import { DrizzleDaemonAnswerStore } from "@arkrelay/db/stores/daemon-answer-store";
import { DrizzleExternalCallStore } from "@arkrelay/db/stores/external-call-store";
import { DrizzleHeartbeatStore } from "@arkrelay/db/stores/heartbeat-store";
import { createIdempotency } from "@arkrelay/db/stores/idempotency-store";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { DrizzleSweepStore } from "@arkrelay/db/stores/job-sweep-store";
import { DrizzleNip98Store } from "@arkrelay/db/stores/nip98-store";
import { DrizzlePayoutStore } from "@arkrelay/db/stores/payout-store";
import { readChangeMarks } from "@arkrelay/db/stores/read-change-marks";
import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";
import { toSessionObserver } from "@arkrelay/db/stores/session-observer";
import { DrizzleVtxoExpiryStore } from "@arkrelay/db/stores/vtxo-expiry-store";
import { DrizzleWebhookDeliveryStore } from "@arkrelay/db/stores/webhook-delivery-store";
import { DrizzleWebhookEndpointStore } from "@arkrelay/db/stores/webhook-endpoint-store";
import { createOutboxWaker, OUTBOX_WAKE_CHANNEL } from "@arkrelay/nostr/outbox-waker";
import { systemClock } from "@arkrelay/runtime/clock";
import { currentLogContext } from "@arkrelay/runtime/log-context";
import type { Logger } from "@arkrelay/runtime/logger";
import { createMetrics, type Metrics } from "@arkrelay/runtime/metrics";
import { openProcessLogger } from "@arkrelay/runtime/open-process-logger";
import type { Life } from "@arkrelay/runtime/process";
import { systemRandom } from "@arkrelay/runtime/random";
import { closeRedis, openRedis, type Redis } from "@arkrelay/runtime/redis";
import { createSealer } from "@arkrelay/runtime/sealing";
import { BullWaker } from "@arkrelay/tasks/bull-waker";
import { SESSION_WAKE_CHANNEL } from "@arkrelay/tasks/session-wake-channel";
import { queueOf } from "@arkrelay/tasks/wake-message";
import { openWakeQueues, type WakeQueues } from "@arkrelay/tasks/wake-queues";
import { WokenMarker } from "@arkrelay/tasks/woken-marker";

import type { ApiDeps } from "./api-deps";
import { toApiSettings } from "./api-settings";
import type { ApiConfig } from "./config";
import { createDaemonReads } from "./daemon-reads";
import { createAdminKeys } from "./http/admin-key";
import { createCallLimits } from "./http/call-limits";
import { createCursors } from "./http/cursor";
import { createEventStreams, type EventStreams } from "./http/event-streams";
import { createKeyRegistry } from "./http/key-registry";
import { createRedisTokenBuckets, TAKE_TOKENS_LUA } from "./http/redis-token-buckets";
import { createLndReads } from "./lnd-reads";
import { openAdminStores } from "./open-admin-stores";
import { openQueueRedis } from "./open-queue-redis";
import { openSessionDeps } from "./open-session-deps";
import { createStatusSources } from "./read-status";
import { rememberOpenJobs } from "./remembered-open-jobs";

/** An operator waits for what is read from a daemon here: one that is slower than this counts as away. */
const READ_LIMITS = { timeoutMs: 5_000, retryAttemptsMax: 1, retryDelayMs: 200, retryDelayMsMax: 200 };

/** What opening needs of the process; a test plays it. */
export type DepsLife = Pick<Life, "onStop" | "checkReady">;

export interface OpenOptions {
  readonly version: string;
  /** Instead of the process's own, for tests. */
  readonly logger?: Logger;
  /** Prefix of the queues' Redis keys, for tests. */
  readonly queueNamespace?: string;
  /** Instead of the configured one, for tests. */
  readonly lnd?: LightningNode;
  /** Instead of the configured one, for tests. */
  readonly tapd?: TaprootAssets;
}

/** Opens every connection of the API and registers how each is closed. */
export async function openDeps(config: ApiConfig, life: DepsLife, options: OpenOptions): Promise<ApiDeps> {
  const logger = options.logger ?? openLogger(config, life);
  const metrics = createMetrics();
  const database = await openMigratedDatabase(config, life, metrics);
  const { redis, hasMet } = await openQueueRedis(config, life, logger);
  const { queues, waker: queueWaker } = openWaker(database, redis, life, logger, metrics, options.queueNamespace);
  const { waker, onInsert } = createOutboxWaker({
    waker: queueWaker,
    publish: () => redis.publish(OUTBOX_WAKE_CHANNEL, ""),
  });
  const jobs = new DrizzleJobStore(database);
  const insertJob = {
    jobs: rememberOpenJobs(jobs, () => performance.now()),
    random: systemRandom,
    clock: systemClock,
    pendingJobsMax: config.background.pendingJobsPerOwnerMax,
  };
  const keyStore = new DrizzleApiKeyStore(database);
  await importBootstrapKeys(config, keyStore);
  const onError = (message: string) => (error: unknown) => logger.warn(message, { error });
  const heartbeats = new DrizzleHeartbeatStore(database);
  const instance = `${hostname()}-${systemRandom.uuid()}`;
  const { daemons, restarts } = openProcessDaemons(toReadLimits(config), {
    serviceName: "api",
    instance,
    metrics,
    logger,
    requestId: () => currentLogContext().requestId,
    states: new DrizzleServiceStateStore(database),
    heartbeats,
    life,
  });
  const lnd = options.lnd ?? daemons.lnd;
  const session = openSessionDeps(config, database, insertJob, options.tapd ?? daemons.tapd, {
    onOutboxInsert: onInsert,
    observer: toSessionObserver(metrics),
    onLightningStatus: (type, status) => metrics.lightningOperations.inc({ type, status }),
    waker,
  });
  const payouts = new DrizzlePayoutStore(database);
  const names = new Set(lnd === undefined ? daemons.names : [...daemons.names, "lnd" as const]);
  return {
    settings: toApiSettings(config, options.version),
    clock: systemClock,
    random: systemRandom,
    logger: logger.forModule("http"),
    metrics,
    transactions: database.transactions,
    waker,
    auth: {
      clock: systemClock,
      adminKeys: createAdminKeys(config.http.adminKeys),
      keys: createKeyRegistry(toKeyLookup(keyStore), systemClock, onError("a key's last use was not noted")),
      publicBaseUrl: config.http.publicBaseUrl,
    },
    limits: createCallLimits(config.http.rateLimit, openBuckets(redis), systemClock),
    nip98Seen: new DrizzleNip98Store(database),
    idempotency: createIdempotency({
      database,
      sealer: createSealer(config.sealing),
      ttlMs: config.http.idempotencyTtlMs,
    }),
    cursors: createCursors(config.http.secretKey),
    streams: openEventStreams(config, database, life, logger),
    jobs,
    insertJob,
    session,
    webhooks: openWebhookDeps(config, database),
    payouts,
    expiry: { ...session, expiries: new DrizzleVtxoExpiryStore(database) },
    assign: {
      ...session,
      insertJob,
      payouts,
      budgets: new DrizzleBudgetStore(),
      calls: new DrizzleExternalCallStore(database),
      supplies: new DrizzleAssetSupplyStore(database),
      assetConfig: {
        carrierSats: config.lightning.assetCarrierSats,
        carrierSubsidyDailySats: config.lightning.carrierSubsidyDailySats,
      },
    },
    daemons: openDaemonReads(database, { arkd: daemons.arkd, tapd: options.tapd ?? daemons.tapd }, names),
    lnd: openLndReads(database, lnd),
    restarts,
    status: createStatusSources({
      database,
      redis,
      hasMetRedis: hasMet,
      metrics,
      queues,
      configuredDaemons: names,
      isDraining: async () => (await life.checkReady()).draining,
      now: () => systemClock.now(),
    }),
    admin: openAdminStores(database, metrics),
    heartbeats,
    instance,
  };
}

function openWebhookDeps({ sealing, webhook }: ApiConfig, database: Database): WebhookDeps {
  const sealer = createSealer(sealing);
  return {
    clock: systemClock,
    random: systemRandom,
    endpoints: new DrizzleWebhookEndpointStore(database, sealer),
    deliveries: new DrizzleWebhookDeliveryStore(database, sealer),
    urlRules: webhook.urlRules,
    endpointsMax: webhook.endpointsMax,
  };
}

function toReadLimits({ arkd, lnd, tapd }: ApiConfig) {
  const limited = <Daemon extends object>(daemon: Daemon) => ({ ...daemon, ...READ_LIMITS });
  return { arkd: limited(arkd), lnd: lnd && limited(lnd), tapd: tapd && limited(tapd) };
}

function openDaemonReads(
  database: Database,
  daemons: Pick<DaemonManager, "arkd"> & { readonly tapd: TaprootAssets | undefined },
  names: ReadonlySet<DaemonName>,
) {
  const stored = new DrizzleArkInfoStore(database);
  return createDaemonReads({
    names,
    readArkInfo: () => daemons.arkd.getInfo({ maxAgeMs: 0 }),
    storedArkInfo: () => stored.findSeen(),
    tapd: daemons.tapd,
    supplies: new DrizzleAssetSupplyStore(database),
    lastAssetBalances: new DrizzleDaemonAnswerStore(database).of("tapd:balances"),
  });
}

function openLndReads(database: Database, lnd: LightningNode | undefined) {
  const answers = new DrizzleDaemonAnswerStore(database);
  return createLndReads(lnd, {
    balances: answers.of("lnd:balances"),
    channels: answers.of("lnd:channels"),
    pendingChannels: answers.of("lnd:pending"),
  });
}

function openLogger(config: ApiConfig, life: DepsLife): Logger {
  const logger = openProcessLogger("api", config.process, life);
  for (const warning of config.warnings) logger.warn("configuration", { warning });
  if (config.http.webWorkers > 1) logger.warn("WEB_WORKERS: one per process is supported; run replicas instead");
  return logger;
}

async function openMigratedDatabase(config: ApiConfig, life: DepsLife, metrics: Metrics): Promise<Database> {
  const { url, tlsCa, migrateOnStart } = config.database;
  if (migrateOnStart) await migrate({ url, tlsCa });
  return openProcessDatabase(config.database, life, metrics);
}

/** Changes that other processes announce only shorten the wait; the rows are what is told. */
function openEventStreams(config: ApiConfig, database: Database, life: DepsLife, logger: Logger): EventStreams {
  const streams = createEventStreams(
    (ids) => readChangeMarks(database, ids),
    (error) => logger.warn("the rows of streams were not read", { error }),
  );
  const subscriber = openRedis({ url: config.redis.url, role: "worker" });
  life.onStop("stream wakes", () => closeRedis(subscriber));
  subscriber.on("message", () => {
    streams.hurry();
  });
  // While Redis is away the look every half second has to do; ioredis subscribes again by itself.
  subscriber.subscribe(SESSION_WAKE_CHANNEL).catch(() => undefined);
  return streams;
}

function openWaker(
  database: Database,
  redis: Redis,
  life: DepsLife,
  logger: Logger,
  metrics: Metrics,
  namespace: string | undefined,
): { readonly queues: WakeQueues; readonly waker: BullWaker } {
  const queues = openWakeQueues({
    connection: redis,
    ...(namespace !== undefined && { namespace }),
    onError: (error) => logger.debug("queue connection", { error }),
  });
  const marker = new WokenMarker({
    marks: new DrizzleSweepStore(database),
    onError: (error) => logger.warn("confirmed wakes were not noted", { error }),
  });
  const waker = new BullWaker({
    queues,
    onWoken: (wakes) => marker.add(wakes),
    onLost: (wakes, error) => {
      for (const wake of wakes) metrics.wakeFailures.inc({ queue: queueOf(wake) });
      logger.warn("wakes were not sent; the sweeper will", { count: wakes.length, error });
    },
  });
  life.onStop("waker", async () => {
    await marker.flush();
    await queues.close();
  });
  return { queues, waker };
}

const LUA_NAME = "arkrelayTakeTokens";

function openBuckets(redis: Redis) {
  redis.defineCommand(LUA_NAME, { lua: TAKE_TOKENS_LUA });
  type Take = (keyCount: number, ...rest: string[]) => Promise<unknown>;
  const take = (redis as unknown as Record<typeof LUA_NAME, Take>)[LUA_NAME].bind(redis);
  return createRedisTokenBuckets(
    (keys, args) => take(keys.length, ...keys, ...args),
    () => performance.now(),
  );
}

function toKeyLookup(store: DrizzleApiKeyStore) {
  type Found = Awaited<ReturnType<DrizzleApiKeyStore["findByPubkey"]>>;
  const toStored = (key: Found) => key && { ...key, rateLimitPerMinute: key.limits.rate_limit_per_minute };
  return {
    findBySecretSha256: async (sha256: string) => toStored(await store.findBySecretSha256(sha256)),
    findByPubkey: async (pubkey: string) => toStored(await store.findByPubkey(pubkey)),
    touch: (keyId: string) => store.touch(keyId),
  };
}

/** SOLVER_API_KEYS: the same key has the same id on every replica and at every start, so it is imported once. */
async function importBootstrapKeys(config: ApiConfig, store: DrizzleApiKeyStore): Promise<void> {
  await store.importOnce(
    config.http.bootstrapKeys.map(({ name, key }) => {
      const secretSha256 = createHash("sha256").update(key).digest("hex");
      const keyId = `key_${createHash("sha256").update(`bootstrap:${secretSha256}`).digest("hex").slice(0, 18)}`;
      return { keyId, name, secretSha256, scopes: DEFAULT_KEY_SCOPES };
    }),
  );
}
