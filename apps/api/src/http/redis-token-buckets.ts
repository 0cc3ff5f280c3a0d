import { InMemoryTokenBuckets, type Bucket, type Taken, type TokenBuckets } from "./rate-limits";

/** One round trip for all buckets of a call. TIME is Redis' own clock, so replicas with skewed clocks share one truth. */
export const TAKE_TOKENS_LUA = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local tokens = {}
local wait = 0
for i, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  local state = redis.call('HMGET', key, 't', 'a')
  local left = burst
  if state[1] then left = math.min(burst, tonumber(state[1]) + (now - tonumber(state[2])) / 1000 * rate) end
  tokens[i] = left
  if left < 1 then wait = math.max(wait, (1 - left) / rate) end
end
local allowed = wait == 0 and 1 or 0
for i, key in ipairs(KEYS) do
  local rate, burst = tonumber(ARGV[2 * i - 1]), tonumber(ARGV[2 * i])
  tokens[i] = tokens[i] - allowed
  redis.call('HSET', key, 't', tostring(tokens[i]), 'a', tostring(now))
  redis.call('PEXPIRE', key, math.ceil(burst / rate * 1000) + 1000)
end
return { allowed, math.floor(math.max(tokens[1], 0)), tostring(wait) }
`;

/** The braces put every bucket into one slot of a Redis Cluster, which one script call needs. */
const PREFIX = "{arkrelay:rate}:";

/** Runs the script by its digest; rejects when Redis does not answer. */
export type EvaluateTakeTokens = (keys: readonly string[], args: readonly string[]) => Promise<unknown>;

/** How long a Redis that did not answer is left alone: one that hangs would hold every call for its whole time-out. */
const RETRY_MS = 2_000;

/**
 * Buckets shared by all replicas. Without Redis each process limits by itself with the same numbers; nothing is refused
 * for that reason. While it is away one call in two seconds asks for it again, the others do not wait.
 */
export function createRedisTokenBuckets(evaluate: EvaluateTakeTokens, nowMs: () => number): TokenBuckets {
  const fallback = new InMemoryTokenBuckets(nowMs);
  let isAway = false;
  let retryAtMs = 0;
  return {
    take: async (buckets) => {
      if (isAway && nowMs() < retryAtMs) return fallback.take(buckets);
      retryAtMs = nowMs() + RETRY_MS;
      try {
        const keys = buckets.map(({ key }) => PREFIX + key);
        const taken = toTaken(await evaluate(keys, buckets.flatMap(toArgs)));
        isAway = false;
        return taken;
      } catch {
        isAway = true;
        return fallback.take(buckets);
      }
    },
  };
}

function toArgs(bucket: Bucket): string[] {
  return [String(bucket.perSecond), String(bucket.burst)];
}

function toTaken(reply: unknown): Taken {
  const [allowed, remaining, wait] = reply as [number, number, string];
  return { allowed: allowed === 1, remaining, retryAfterSeconds: Number(wait) };
}
