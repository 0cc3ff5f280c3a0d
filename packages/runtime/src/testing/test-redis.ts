import type { Redis } from "ioredis";

import { closeRedis, openRedis, waitForRedis, type RedisRole } from "../redis";

export interface TestRedis {
  readonly redis: Redis;
  readonly url: string;
  /** Begins every key of this jest worker; in braces, so that it also works as a BullMQ prefix. */
  readonly prefix: string;
  /** Deletes this worker's keys and no others. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** A connection to TEST_REDIS_URL with a key prefix of this jest worker's own; its keys are deleted first. */
export async function openTestRedis(role: RedisRole = "producer"): Promise<TestRedis> {
  const url = testRedisUrl();
  const redis = openRedis({ url, role });
  await waitForRedis(redis, 5_000);
  const prefix = testRedisPrefix();
  await deleteKeys(redis, prefix);
  return { redis, url, prefix, empty: () => deleteKeys(redis, prefix), close: () => closeRedis(redis) };
}

export function testRedisUrl(): string {
  const url = process.env["TEST_REDIS_URL"];
  if (url === undefined || url === "")
    throw new Error("TEST_REDIS_URL is not set: run `npm test`, or point it at a Redis for tests");
  return url;
}

function testRedisPrefix(): string {
  return `{arkrelay-test-${process.env["TEST_PREFIX"] ?? "main"}-${process.env["JEST_WORKER_ID"] ?? "1"}}`;
}

async function deleteKeys(redis: Redis, prefix: string): Promise<void> {
  let cursor = "0";
  do {
    const [next, keys] = await redis.scan(cursor, "MATCH", `${prefix}*`, "COUNT", 500);
    if (keys.length > 0) await redis.del(...keys);
    cursor = next;
  } while (cursor !== "0");
}
