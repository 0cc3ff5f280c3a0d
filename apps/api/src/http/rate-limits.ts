import { AppError } from "@arkrelay/core/errors";

/** A bucket that refills `perSecond` tokens each second up to `burst`. */
export interface Bucket {
  readonly key: string;
  readonly perSecond: number;
  readonly burst: number;
}

export interface Taken {
  readonly allowed: boolean;
  /** Of the first bucket. */
  readonly remaining: number;
  readonly retryAfterSeconds: number;
}

/** Takes one token out of every bucket, or none when one of them is empty. */
export interface TokenBuckets {
  take(buckets: readonly Bucket[]): Promise<Taken>;
}

/** The same rule in this process' memory, for a time without Redis: a limit that holds per process beats none. */
export class InMemoryTokenBuckets implements TokenBuckets {
  private readonly states = new Map<string, { tokens: number; atMs: number }>();

  constructor(private readonly nowMs: () => number) {}

  take(buckets: readonly Bucket[]): Promise<Taken> {
    const nowMs = this.nowMs();
    const filled = buckets.map((bucket) => ({ bucket, tokens: this.fill(bucket, nowMs) }));
    const empty = filled.filter(({ tokens }) => tokens < 1);
    const allowed = empty.length === 0;
    for (const { bucket, tokens } of filled) this.store(bucket.key, allowed ? tokens - 1 : tokens, nowMs);
    const waits = empty.map(({ bucket, tokens }) => (1 - tokens) / bucket.perSecond);
    return Promise.resolve({
      allowed,
      remaining: Math.max(0, Math.floor((filled[0]?.tokens ?? 0) - (allowed ? 1 : 0))),
      retryAfterSeconds: Math.max(0, ...waits),
    });
  }

  private fill(bucket: Bucket, nowMs: number): number {
    const state = this.states.get(bucket.key);
    if (state === undefined) return bucket.burst;
    return Math.min(bucket.burst, state.tokens + ((nowMs - state.atMs) / 1000) * bucket.perSecond);
  }

  private store(key: string, tokens: number, atMs: number): void {
    this.states.delete(key);
    this.states.set(key, { tokens, atMs });
    // The map keeps insertion order, so the first key is the one that was used longest ago.
    const oldest = this.states.keys().next();
    if (this.states.size > KEYS_MAX && oldest.done === false) this.states.delete(oldest.value);
  }
}

const KEYS_MAX = 50_000;

export function rateLimited(taken: Taken): AppError {
  return new AppError("rate_limited", { retryAfterSeconds: Math.ceil(taken.retryAfterSeconds) });
}

/** `RateLimit` and `RateLimit-Policy` as draft-ietf-httpapi-ratelimit-headers writes them. */
export function rateLimitHeaders(bucket: Bucket, taken: Taken): Record<string, string> {
  const windowSeconds = Math.max(1, Math.ceil(bucket.burst / bucket.perSecond));
  const resetSeconds = Math.ceil((bucket.burst - taken.remaining) / bucket.perSecond);
  return {
    "ratelimit-policy": `"default";q=${String(bucket.burst)};w=${String(windowSeconds)}`,
    ratelimit: `"default";r=${String(taken.remaining)};t=${String(resetSeconds)}`,
  };
}
