import type { Logger } from "@arkrelay/runtime/logger";
import type { Life } from "@arkrelay/runtime/process";
import { checkQueueRedis, closeRedis, openRedis, waitForRedis, type Redis } from "@arkrelay/runtime/redis";

import type { ApiConfig } from "./config";

export interface QueueRedis {
  readonly redis: Redis;
  /** It was reached since the start and keeps what it is given: until then this process gets no traffic. */
  readonly hasMet: () => boolean;
}

/** A Redis that is up is met within this; without one the process starts all the same, unready. */
const MEET_MS = 2_000;

/**
 * The producer's connection: a command fails at once while Redis is away. Throws ConfigError for a Redis that would lose
 * wakes silently (eviction, or no append-only file where that is demanded); one that is met later leaves the process unready.
 */
export async function openQueueRedis(
  config: ApiConfig,
  life: Pick<Life, "onStop">,
  logger: Logger,
): Promise<QueueRedis> {
  const redis = openRedis({
    url: config.redis.url,
    role: "producer",
    onError: (error) => logger.warn("Redis connection", { error }),
  });
  life.onStop("redis", () => closeRedis(redis));
  let isMet = false;
  const meet = async () => {
    await checkQueueRedis(redis, config.redis);
    isMet = true;
  };
  const isUp = await waitForRedis(redis, MEET_MS).then(
    () => true,
    () => false,
  );
  if (isUp) await meet();
  redis.on("ready", () => {
    if (isMet) return;
    meet().catch((error: unknown) => {
      logger.error("the queue Redis is not safe to use; this process stays unready", { error });
    });
  });
  return { redis, hasMet: () => isMet };
}
