import { Redis, type RedisOptions } from "ioredis";

import { ConfigError } from "./config/config-error";

/** The connection, for those who pass it on: ioredis itself is imported here only. */
export type { Redis } from "ioredis";

/**
 * `producer`: a command fails at once while Redis is away, because a request must not wait for it.
 * `worker`: commands wait for as long as it takes; BullMQ's blocking reads demand it (maxRetriesPerRequest null).
 */
export type RedisRole = "producer" | "worker";

/** A command of a producer is answered or failed within this. */
const PRODUCER_COMMAND_TIMEOUT_MS = 1_000;
const RECONNECT_DELAY_MS_MAX = 2_000;

/** The connection options of a `redis://` or `rediss://` URL; also what BullMQ is given. */
export function redisOptions(url: string, role: RedisRole): RedisOptions {
  const parsed = new URL(url);
  if (parsed.protocol !== "redis:" && parsed.protocol !== "rediss:")
    throw new Error("the Redis URL must start with redis:// or rediss://");
  const database = parsed.pathname.replace(/^\//, "");
  return {
    host: parsed.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: parsed.port === "" ? 6379 : Number(parsed.port),
    ...(parsed.username === "" ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === "" ? {} : { password: decodeURIComponent(parsed.password) }),
    db: database === "" ? 0 : Number(database),
    ...(parsed.protocol === "rediss:" ? { tls: {} } : {}),
    connectTimeout: 5_000,
    // ioredis waits this long for a socket to close that may never have opened; a process that stops should not.
    disconnectTimeout: 500,
    keepAlive: 10_000,
    retryStrategy: (attempt) => Math.min(50 * 2 ** Math.min(attempt, 10), RECONNECT_DELAY_MS_MAX),
    ...(role === "producer"
      ? { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: PRODUCER_COMMAND_TIMEOUT_MS }
      : {
          maxRetriesPerRequest: null,
          // Jobs end in groups, and a group's commands go out in one write; a blocking read would hold the others up.
          enableAutoPipelining: true,
          autoPipeliningIgnoredCommands: ["bzpopmin"],
        }),
  };
}

export interface OpenRedisOptions {
  readonly url: string;
  readonly role: RedisRole;
  /** Told about every connection error; without it they would be unhandled. */
  readonly onError?: (error: Error) => void;
}

/** Connects in the background and keeps reconnecting; close with `closeRedis`. */
export function openRedis(options: OpenRedisOptions): Redis {
  const redis = new Redis({ ...redisOptions(options.url, options.role), replyMapping: "legacy" });
  redis.on("error", options.onError ?? (() => undefined));
  return redis;
}

/** Resolves when the connection is usable; rejects after `timeoutMs`. */
export function waitForRedis(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === "ready") return Promise.resolve();
  return new Promise((resolve, reject) => {
    const onReady = (): void => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(() => {
      redis.off("ready", onReady);
      reject(new Error(`no Redis connection within ${timeoutMs} ms`));
    }, timeoutMs);
    redis.once("ready", onReady);
  });
}

/** Says goodbye when connected, and just hangs up when not: QUIT would wait for a connection first. */
export async function closeRedis(redis: Redis): Promise<void> {
  if (redis.status !== "ready") return redis.disconnect();
  await redis.quit().catch(() => redis.disconnect());
}

/** PING with a bound, for readiness probes. */
export async function pingRedis(redis: Redis): Promise<void> {
  if (redis.status !== "ready") throw new Error("Redis is not connected");
  await redis.ping();
}

/**
 * Refuses a queue Redis that would lose wake-ups silently: one that evicts keys, or (with `requireAof`) one without
 * append-only file. Read from INFO because managed Redis forbids CONFIG. Throws a ConfigError whose text says what to change.
 */
export async function checkQueueRedis(
  redis: { info(section: string): Promise<string> },
  options: { readonly requireAof: boolean },
): Promise<void> {
  const memory = parseInfo(await redis.info("memory"));
  const policy = memory.get("maxmemory_policy");
  if (policy !== "noeviction") {
    throw new ConfigError([
      `REDIS_URL: the queue Redis evicts keys (maxmemory_policy ${policy ?? "unknown"}): set maxmemory-policy noeviction`,
    ]);
  }
  if (!options.requireAof) return;
  const persistence = parseInfo(await redis.info("persistence"));
  if (persistence.get("aof_enabled") !== "1") {
    throw new ConfigError([
      "REDIS_URL: the queue Redis has no append-only file: set appendonly yes, or REDIS_REQUIRE_AOF=false to accept slower recovery",
    ]);
  }
}

function parseInfo(info: string): ReadonlyMap<string, string> {
  const lines = info.split(/\r?\n/).filter((line) => line.includes(":"));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
}
