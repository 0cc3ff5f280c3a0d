import { hostname } from "node:os";

import type { QueueEpoch } from "@arkrelay/core/jobs/sweep-jobs";
import type { Clock } from "@arkrelay/core/ports/clock";
import type { Random } from "@arkrelay/core/ports/random";
import type { Waker } from "@arkrelay/core/ports/waker";
import type { Database } from "@arkrelay/db/connection";
import { requireSchema } from "@arkrelay/db/migrator";
import { openProcessDatabase } from "@arkrelay/db/open-process-database";
import { DrizzleHeartbeatStore } from "@arkrelay/db/stores/heartbeat-store";
import { DrizzleEpochStore } from "@arkrelay/db/stores/job-epoch-store";
import { DrizzleJobStore } from "@arkrelay/db/stores/job-store";
import { DrizzleSweepStore } from "@arkrelay/db/stores/job-sweep-store";
import { DrizzleLeaseStore } from "@arkrelay/db/stores/lease-store";
import { DrizzleServiceStateStore } from "@arkrelay/db/stores/service-state-store";
import { DrizzleSystemMetricsStore } from "@arkrelay/db/stores/system-metrics-store";
import { systemClock } from "@arkrelay/runtime/clock";
import type { Logger } from "@arkrelay/runtime/logger";
import { createMetrics, type Metrics } from "@arkrelay/runtime/metrics";
import { openProcessLogger } from "@arkrelay/runtime/open-process-logger";
import type { Life } from "@arkrelay/runtime/process";
import { systemRandom } from "@arkrelay/runtime/random";
import { checkQueueRedis, closeRedis, openRedis, waitForRedis } from "@arkrelay/runtime/redis";
import { BullWaker } from "@arkrelay/tasks/bull-waker";
import { queueEpochKey } from "@arkrelay/tasks/queue-epoch-key";
import { queueOf } from "@arkrelay/tasks/wake-message";
import { openWakeQueues } from "@arkrelay/tasks/wake-queues";
import { WokenMarker } from "@arkrelay/tasks/woken-marker";

import type { SchedulerConfig } from "./config";

/** The sweeper wakes hundreds at once and nobody waits for its answer. */
const WAKE_BUDGET_MS = 10_000;
const REDIS_START_MS = 10_000;

export interface SchedulerDeps {
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly database: Database;
  readonly sweep: DrizzleSweepStore;
  readonly waker: Waker;
  readonly epoch: QueueEpoch;
  readonly leases: DrizzleLeaseStore;
  readonly heartbeats: DrizzleHeartbeatStore;
  readonly systemMetrics: DrizzleSystemMetricsStore;
  readonly jobs: DrizzleJobStore;
  readonly states: DrizzleServiceStateStore;
  readonly clock: Clock;
  readonly random: Random;
  /** Names this process and start. */
  readonly instance: string;
}

/** The only place that opens connections; each is closed by the life that it was opened in. */
export async function openDeps(config: SchedulerConfig, life: Life): Promise<SchedulerDeps> {
  const logger = openProcessLogger("scheduler", config.process, life);
  const metrics = createMetrics();
  const database = openProcessDatabase(config.database, life, metrics);
  await requireSchema(database);
  const redis = openRedis({
    url: config.redis.url,
    role: "producer",
    onError: (error) => logger.warn("the queue Redis reported an error", { error }),
  });
  life.onStop("redis", () => closeRedis(redis));
  await waitForRedis(redis, REDIS_START_MS);
  await checkQueueRedis(redis, config.redis);

  const sweep = new DrizzleSweepStore(database);
  const marker = new WokenMarker({
    marks: sweep,
    onError: (error) => logger.warn("wakes could not be marked", { error }),
  });
  life.onStop("wake marks", () => marker.flush());
  const queues = openWakeQueues({
    connection: redis,
    onError: (error) => logger.warn("a queue reported an error", { error }),
  });
  life.onStop("queues", () => queues.close());
  const waker = new BullWaker({
    queues,
    budgetMs: WAKE_BUDGET_MS,
    onWoken: (wakes) => marker.add(wakes),
    onLost: (wakes, error) => {
      for (const wake of wakes) metrics.wakeFailures.inc({ queue: queueOf(wake) });
      logger.warn("wakes did not reach the queue", { count: wakes.length, error });
    },
  });
  return {
    logger,
    metrics,
    database,
    sweep,
    waker,
    epoch: openEpoch(queueEpochKey(redis), new DrizzleEpochStore(database)),
    leases: new DrizzleLeaseStore(database),
    heartbeats: new DrizzleHeartbeatStore(database),
    systemMetrics: new DrizzleSystemMetricsStore(database),
    jobs: new DrizzleJobStore(database),
    states: new DrizzleServiceStateStore(database),
    clock: systemClock,
    random: systemRandom,
    instance: `${hostname()}-${systemRandom.uuid()}`,
  };
}

function openEpoch(queue: ReturnType<typeof queueEpochKey>, database: DrizzleEpochStore): QueueEpoch {
  return {
    readQueue: () => queue.read(),
    writeQueue: (epoch) => queue.write(epoch),
    readDatabase: () => database.read(),
    writeDatabase: (epoch) => database.write(epoch),
  };
}
