import { hostname } from "node:os";

import type { GatewayIdentity } from "@arkrelay/core/ports/nostr";
import { openProcessDaemons } from "@arkrelay/daemons/open-process-daemons";
import { requireSchema } from "@arkrelay/db/migrator";
import { openProcessDatabase } from "@arkrelay/db/open-process-database";
import { DrizzleAlertFacts } from "@arkrelay/db/stores/alert-facts";
import { DrizzleBalanceSampleStore } from "@arkrelay/db/stores/balance-sample-store";
import { DrizzleHeartbeatStore } from "@arkrelay/db/stores/heartbeat-store";
import { DrizzleInventoryStore } from "@arkrelay/db/stores/inventory-store";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { DrizzleSweepStore } from "@arkrelay/db/stores/job-sweep-store";
import { DrizzleLeaseStore } from "@arkrelay/db/stores/lease-store";
import { DrizzleNostrEventStore } from "@arkrelay/db/stores/nostr-event-store";
import { DrizzleNostrOutbox, DrizzleOutboxQueue } from "@arkrelay/db/stores/nostr-outbox-store";
import { DrizzleNostrPeers } from "@arkrelay/db/stores/nostr-peer-store";
import { DrizzleNostrRelayStore } from "@arkrelay/db/stores/nostr-relay-store";
import { openLightningStores } from "@arkrelay/db/stores/open-lightning-stores";
import { openSessionStores } from "@arkrelay/db/stores/open-session-stores";
import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";
import { DrizzleStreamCursorStore } from "@arkrelay/db/stores/stream-cursor-store";
import { DrizzleStuckCeremonies } from "@arkrelay/db/stores/stuck-ceremonies";
import { DrizzleWatchedScriptStore } from "@arkrelay/db/stores/watched-script-store";
import { loadGatewayIdentity } from "@arkrelay/nostr/gateway-identity";
import { OUTBOX_WAKE_CHANNEL } from "@arkrelay/nostr/outbox-waker";
import { systemClock } from "@arkrelay/runtime/clock";
import type { Logger } from "@arkrelay/runtime/logger";
import { createMetrics, type Metrics } from "@arkrelay/runtime/metrics";
import { NO_SEALER } from "@arkrelay/runtime/no-sealer";
import { openProcessLogger } from "@arkrelay/runtime/open-process-logger";
import type { Life } from "@arkrelay/runtime/process";
import { systemRandom } from "@arkrelay/runtime/random";
import { closeRedis, openRedis, type Redis } from "@arkrelay/runtime/redis";
import { BullWaker } from "@arkrelay/tasks/bull-waker";
import { LIGHTNING_WAKE_CHANNEL } from "@arkrelay/tasks/lightning-wake-channel";
import { queueOf } from "@arkrelay/tasks/wake-message";
import { openWakeQueues } from "@arkrelay/tasks/wake-queues";
import { WokenMarker } from "@arkrelay/tasks/woken-marker";

import type { ServicesConfig } from "./config";
import { openWakeChannel } from "./wake-channel";

/** The only place that opens connections; each is closed by the life that it was opened in. */
export async function openDeps(config: ServicesConfig, life: Life) {
  const logger = openProcessLogger("services", config.process, life);
  const metrics = createMetrics();
  const identity = loadIdentity(config);
  const database = openProcessDatabase(config.database, life, metrics);
  await requireSchema(database);
  const redis = openQueueRedis(config, life, logger);
  const waker = openWaker(redis, life, logger, metrics, new DrizzleSweepStore(database));
  const subscriber = openRedis({
    url: config.redis.url,
    role: "worker",
    onError: (error) => logger.warn("the wake channel's Redis reported an error", { error }),
  });
  life.onStop("wake channel", () => closeRedis(subscriber));
  const states = new DrizzleServiceStateStore(database);
  const heartbeats = new DrizzleHeartbeatStore(database);
  const instance = `${hostname()}-${systemRandom.uuid()}`;
  const { daemons, restarts } = openProcessDaemons(config, {
    serviceName: "services",
    instance,
    metrics,
    logger,
    requestId: () => undefined,
    states,
    heartbeats,
    life,
  });
  return {
    logger,
    metrics,
    identity,
    database,
    ...openSessionStores(database, NO_SEALER, waker),
    operations: openLightningStores(database, NO_SEALER, undefined, waker).operations,
    cursors: new DrizzleStreamCursorStore(database),
    samples: new DrizzleBalanceSampleStore(database),
    peers: new DrizzleNostrPeers(database, config.nostr.dmScheme),
    /** What is published from here; `outbox` is the queue that is worked on. */
    nostrOutbox: new DrizzleNostrOutbox({ relays: config.nostr.relays }),
    waker,
    publish: (channel: string, message: string) => void redis.publish(channel, message).catch(() => undefined),
    outboxWakes: openWakeChannel(subscriber, OUTBOX_WAKE_CHANNEL),
    lightningWakes: openWakeChannel(subscriber, LIGHTNING_WAKE_CHANNEL),
    arkd: daemons.arkd,
    /** undefined = not configured. */
    lnd: daemons.lnd,
    tapd: daemons.tapd,
    probes: daemons.probes,
    restarts,
    leases: new DrizzleLeaseStore(database),
    states,
    heartbeats,
    jobs: new DrizzleJobStore(database),
    events: new DrizzleNostrEventStore(database),
    outbox: new DrizzleOutboxQueue(database),
    relays: new DrizzleNostrRelayStore(database),
    scripts: new DrizzleWatchedScriptStore(database),
    facts: new DrizzleAlertFacts(database),
    inventory: new DrizzleInventoryStore(database),
    stuck: new DrizzleStuckCeremonies(database),
    clock: systemClock,
    random: systemRandom,
    instance,
  };
}

export type ServicesDeps = Awaited<ReturnType<typeof openDeps>>;

/** Without a key the other listeners work; with a bad one nothing starts. */
function loadIdentity({ nostr }: ServicesConfig): GatewayIdentity | undefined {
  const { privateKey, sealedPrivateKey: sealedKey, sealedPrivateKeyOpener: encryptionKey } = nostr;
  if (privateKey === undefined && sealedKey === undefined) return undefined;
  return loadGatewayIdentity({ privateKey, sealedKey, encryptionKey }, nostr.previousKeys);
}

function openQueueRedis(config: ServicesConfig, life: Life, logger: Logger): Redis {
  const redis = openRedis({
    url: config.redis.url,
    role: "producer",
    onError: (error) => logger.warn("the queue Redis reported an error", { error }),
  });
  life.onStop("redis", () => closeRedis(redis));
  return redis;
}

function openWaker(redis: Redis, life: Life, logger: Logger, metrics: Metrics, marks: DrizzleSweepStore) {
  const marker = new WokenMarker({ marks, onError: (error) => logger.warn("wakes could not be marked", { error }) });
  life.onStop("wake marks", () => marker.flush());
  const onError = (error: Error): void => logger.warn("a queue reported an error", { error });
  const queues = openWakeQueues({ connection: redis, onError });
  life.onStop("queues", () => queues.close());
  return new BullWaker({
    queues,
    onWoken: (wakes) => marker.add(wakes),
    onLost: (wakes, error) => {
      for (const wake of wakes) metrics.wakeFailures.inc({ queue: queueOf(wake) });
      logger.warn("wakes did not reach the queue", { count: wakes.length, error });
    },
  });
}
