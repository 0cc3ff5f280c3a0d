import { hostname } from "node:os";

import { deriveGatewayKeys } from "@arkrelay/core/ark/wallet-keys";
import { InvoiceQuotes } from "@arkrelay/core/lightning/invoice-quotes";
import type { ArkBatches } from "@arkrelay/core/ports/ark-batches";
import type { LightningNode } from "@arkrelay/core/ports/lightning-node";
import type { TaprootAssets } from "@arkrelay/core/ports/taproot-assets";
import type { Waker } from "@arkrelay/core/ports/waker";
import type { CeremonyDeps } from "@arkrelay/core/session/session-deps";
import type { DeliverWebhookDeps } from "@arkrelay/core/webhook/deliver-webhook";
import type { DaemonManager } from "@arkrelay/daemons/daemon-manager";
import { openProcessDaemons } from "@arkrelay/daemons/open-process-daemons";
import type { RestartWatcher } from "@arkrelay/daemons/restart-watcher";
import type { Database } from "@arkrelay/db/connection";
import { requireSchema } from "@arkrelay/db/migrator";
import { openProcessDatabase } from "@arkrelay/db/open-process-database";
import { DrizzleArkInfoStore } from "@arkrelay/db/stores/ark-info-store";
import { DrizzleExternalCallStore } from "@arkrelay/db/stores/external-call-store";
import { DrizzleHeartbeatStore } from "@arkrelay/db/stores/heartbeat-store";
import { DrizzleAttemptStore } from "@arkrelay/db/stores/job-attempt-store";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { DrizzleSweepStore } from "@arkrelay/db/stores/job-sweep-store";
import { DrizzleLightningInfoStore } from "@arkrelay/db/stores/lightning-info-store";
import { DrizzleNostrEventStore } from "@arkrelay/db/stores/nostr-event-store";
import { DrizzleNostrOutbox } from "@arkrelay/db/stores/nostr-outbox-store";
import { DrizzleNostrPeers } from "@arkrelay/db/stores/nostr-peer-store";
import { openLightningStores } from "@arkrelay/db/stores/open-lightning-stores";
import { openSessionStores } from "@arkrelay/db/stores/open-session-stores";
import { DrizzleRetentionStore } from "@arkrelay/db/stores/retention-store";
import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";
import { toSessionObserver } from "@arkrelay/db/stores/session-observer";
import { DrizzleUserRecordStore } from "@arkrelay/db/stores/user-record-store";
import { DrizzleWebhookDeliveryStore } from "@arkrelay/db/stores/webhook-delivery-store";
import { DrizzleWebhookEndpointStore } from "@arkrelay/db/stores/webhook-endpoint-store";
import { loadGatewayIdentity } from "@arkrelay/nostr/gateway-identity";
import { createOutboxWaker, OUTBOX_WAKE_CHANNEL } from "@arkrelay/nostr/outbox-waker";
import { systemClock } from "@arkrelay/runtime/clock";
import { toLightningConfig } from "@arkrelay/runtime/config/to-lightning-config";
import { toSessionConfig } from "@arkrelay/runtime/config/to-session-config";
import { currentLogContext } from "@arkrelay/runtime/log-context";
import type { Logger } from "@arkrelay/runtime/logger";
import { createMetrics, type Metrics } from "@arkrelay/runtime/metrics";
import { openProcessLogger } from "@arkrelay/runtime/open-process-logger";
import type { Life } from "@arkrelay/runtime/process";
import { systemRandom } from "@arkrelay/runtime/random";
import { checkQueueRedis, closeRedis, openRedis, waitForRedis } from "@arkrelay/runtime/redis";
import { createSealer, type Sealer } from "@arkrelay/runtime/sealing";
import { BullWaker } from "@arkrelay/tasks/bull-waker";
import { queueOf } from "@arkrelay/tasks/wake-message";
import { openWakeQueues } from "@arkrelay/tasks/wake-queues";
import { WokenMarker } from "@arkrelay/tasks/woken-marker";

import { createArkInfoSource } from "./ark-info-source";
import type { WorkerConfig } from "./config";
import { LightningInfo } from "./lightning-info";
import { createWebhookSender } from "./webhooks/http-webhook-sender";

const REDIS_START_MS = 10_000;

export interface WorkerDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly database: Database;
  readonly redis: QueueRedis;
  readonly attempts: DrizzleAttemptStore;
  readonly waker: Waker;
  readonly ceremony: CeremonyDeps;
  readonly lightning: ReturnType<typeof openLightningStores>;
  /** undefined = no lnd is configured. */
  readonly lnd: LightningNode | undefined;
  readonly lightningInfo: LightningInfo;
  readonly batches: ArkBatches;
  /** undefined = no tapd is configured. */
  readonly tapd: TaprootAssets | undefined;
  /** Makes this process dial a daemon anew when an operator asks for it. */
  readonly restarts: RestartWatcher;
  readonly webhooks: Pick<DeliverWebhookDeps, "endpoints" | "deliveries" | "sender">;
  readonly calls: DrizzleExternalCallStore;
  readonly events: DrizzleNostrEventStore;
  readonly knownArkInfo: DrizzleArkInfoStore;
  readonly records: DrizzleUserRecordStore;
  readonly retention: DrizzleRetentionStore;
  readonly heartbeats: DrizzleHeartbeatStore;
  /** Names this process and start. */
  readonly instance: string;
}

/** A producer fails at once while Redis is away, a consumer waits. */
interface QueueRedis {
  readonly producer: RedisConnection;
  readonly consumer: RedisConnection;
}

type RedisConnection = ReturnType<typeof openRedis>;

/** The only place that opens connections; each is closed by the life that it was opened in. */
export async function openDeps(config: WorkerConfig, life: Life): Promise<WorkerDeps> {
  const logger = openProcessLogger("worker", config.process, life);
  const metrics = createMetrics();
  const database = openProcessDatabase(config.database, life, metrics);
  await requireSchema(database);
  const redis = await openQueueRedis(config, life, logger);
  const { waker, onInsert } = createOutboxWaker({
    waker: openWaker(database, redis.producer, life, { logger, metrics }),
    publish: () => redis.producer.publish(OUTBOX_WAKE_CHANNEL, ""),
  });
  const attempts = new DrizzleAttemptStore(database, { leaseSeconds: config.background.jobLeaseMs / 1000, waker });
  const heartbeats = new DrizzleHeartbeatStore(database);
  const instance = `${hostname()}-${systemRandom.uuid()}`;
  const { daemons, restarts } = openProcessDaemons(config, {
    serviceName: "worker",
    instance,
    metrics,
    logger,
    requestId: () => currentLogContext().requestId,
    states: new DrizzleServiceStateStore(database),
    heartbeats,
    life,
  });
  const sealer = createSealer(config.sealing);
  const lightning = openLightningStores(
    database,
    sealer,
    (type, status) => metrics.lightningOperations.inc({ type, status }),
    waker,
  );
  const webhookSender = createWebhookSender(config.webhook);
  life.onStop("webhook connections", () => webhookSender.close());
  const lightningInfo = new LightningInfo(daemons.lnd, new DrizzleLightningInfoStore(database), systemClock);
  return {
    logger,
    metrics,
    database,
    redis,
    attempts,
    waker,
    ceremony: openCeremony(config, database, daemons, {
      lightningInfo,
      ...lightning,
      sealer,
      onOutboxInsert: onInsert,
      waker,
      metrics,
    }),
    lightningInfo,
    batches: daemons.arkd.batches,
    lightning,
    lnd: daemons.lnd,
    tapd: daemons.tapd,
    restarts,
    webhooks: {
      endpoints: new DrizzleWebhookEndpointStore(database, sealer),
      deliveries: new DrizzleWebhookDeliveryStore(database, sealer),
      sender: webhookSender,
    },
    calls: new DrizzleExternalCallStore(database),
    events: new DrizzleNostrEventStore(database),
    knownArkInfo: new DrizzleArkInfoStore(database),
    records: new DrizzleUserRecordStore(),
    retention: new DrizzleRetentionStore(database),
    heartbeats,
    instance,
  };
}

async function openQueueRedis(config: WorkerConfig, life: Life, logger: Logger): Promise<QueueRedis> {
  const onError = (error: Error): void => logger.warn("the queue Redis reported an error", { error });
  const producer = openRedis({ url: config.redis.url, role: "producer", onError });
  life.onStop("redis producer", () => closeRedis(producer));
  const consumer = openRedis({ url: config.redis.url, role: "worker", onError });
  life.onStop("redis consumer", () => closeRedis(consumer));
  await Promise.all([waitForRedis(producer, REDIS_START_MS), waitForRedis(consumer, REDIS_START_MS)]);
  await checkQueueRedis(producer, config.redis);
  return { producer, consumer };
}

function openWaker(
  database: Database,
  connection: RedisConnection,
  life: Life,
  { logger, metrics }: { readonly logger: Logger; readonly metrics: Metrics },
): BullWaker {
  const marker = new WokenMarker({
    marks: new DrizzleSweepStore(database),
    onError: (error) => logger.warn("wakes could not be marked", { error }),
  });
  life.onStop("wake marks", () => marker.flush());
  const queues = openWakeQueues({
    connection,
    onError: (error) => logger.warn("a queue reported an error", { error }),
  });
  life.onStop("queues", () => queues.close());
  return new BullWaker({
    queues,
    onWoken: (wakes) => marker.add(wakes),
    onLost: (wakes, error) => {
      for (const wake of wakes) metrics.wakeFailures.inc({ queue: queueOf(wake) });
      logger.warn("wakes did not reach the queue; the sweeper will find them", { count: wakes.length, error });
    },
  });
}

/** All that sessions and ceremonies need. Only this process holds the gateway's VTXO keys. */
function openCeremony(
  config: WorkerConfig,
  database: Database,
  { arkd, tapd }: Pick<DaemonManager, "arkd" | "tapd">,
  {
    lightningInfo,
    operations,
    sealer,
    payouts,
    budgets,
    onOutboxInsert,
    waker,
    metrics,
  }: Pick<CeremonyDeps, "lightningInfo" | "operations" | "payouts" | "budgets"> & {
    readonly sealer: Sealer;
    readonly onOutboxInsert: () => void;
    readonly waker: Waker;
    readonly metrics: Metrics;
  },
): CeremonyDeps {
  const { nostr } = config;
  const hasKey = nostr.privateKey !== undefined || nostr.sealedPrivateKey !== undefined;
  const stores = openSessionStores(database, sealer, waker, toSessionObserver(metrics));
  return {
    clock: systemClock,
    random: systemRandom,
    config: toSessionConfig(config),
    lightningConfig: toLightningConfig(config),
    lightningInfo,
    invoiceQuotes: new InvoiceQuotes({ assets: stores.assets, clock: systemClock, tapd }),
    operations,
    payouts,
    budgets,
    ...stores,
    jobs: {
      jobs: new DrizzleJobStore(database),
      random: systemRandom,
      clock: systemClock,
      pendingJobsMax: config.background.pendingJobsPerOwnerMax,
    },
    arkd,
    arkInfo: createArkInfoSource(arkd, new DrizzleArkInfoStore(database)),
    wallet: { keys: deriveGatewayKeys(config.arkd.walletSeed) },
    outbox: new DrizzleNostrOutbox({ relays: nostr.relays, onInsert: onOutboxInsert }),
    peers: new DrizzleNostrPeers(database, nostr.dmScheme),
    identity: hasKey
      ? loadGatewayIdentity(
          {
            privateKey: nostr.privateKey,
            sealedKey: nostr.sealedPrivateKey,
            encryptionKey: nostr.sealedPrivateKeyOpener,
          },
          nostr.previousKeys,
        )
      : undefined,
  };
}
