import { boolean, integer, port, secret, text, url } from "./env-types";
import { defineSection } from "./parse-env";

const redisUrl = () => url(["redis", "rediss"]);

/** Queue, rate limits and wake-ups on one Redis; the cache may be moved to another. */
export const redisSection = defineSection({
  variables: {
    REDIS_URL: secret(redisUrl().optional()),
    REDIS_HOST: text().optional(),
    REDIS_PORT: port().default(6379),
    REDIS_DB: integer({ min: 0, max: 15 }).default(0),
    REDIS_CACHE_URL: secret(redisUrl().optional()),
    REDIS_REQUIRE_AOF: boolean().optional(),
  },
  check: (values, mode) =>
    mode.isProduction && values.REDIS_URL === undefined && values.REDIS_HOST === undefined
      ? ["REDIS_URL: required in production"]
      : [],
  build: (values, mode) => {
    const queueUrl =
      values.REDIS_URL ?? `redis://${values.REDIS_HOST ?? "localhost"}:${values.REDIS_PORT}/${values.REDIS_DB}`;
    return {
      url: queueUrl,
      cacheUrl: values.REDIS_CACHE_URL ?? queueUrl,
      requireAof: values.REDIS_REQUIRE_AOF ?? mode.isProduction,
    };
  },
});
