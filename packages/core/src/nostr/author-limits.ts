import { INTENT_KIND, SERVICE_REQUEST_KIND } from "./kinds";

export interface AuthorLimitOptions {
  readonly intentsPerMinute: number;
  readonly requestsPerMinute: number;
  readonly responsesPerMinute: number;
}

/** `first_over`: the first event above the limit in a while, the one whose author is told. `over`: the others, dropped silently. */
export type LimitVerdict = "within" | "first_over" | "over";

interface Bucket {
  tokens: number;
  filledAtMs: number;
  isTold: boolean;
}

/** Authors remembered at once. The longest idle one is forgotten first; its bucket would be nearly full again anyway. */
const AUTHORS_MAX = 50_000;
/** A bucket holds two minutes' worth: the burst. */
const BURST_MINUTES = 2;

/** A token bucket per author and kind of event. Only proven authors are counted, so nobody can use up somebody else's. */
export class AuthorLimits {
  private readonly buckets = new Map<string, Bucket>();

  constructor(private readonly options: AuthorLimitOptions) {}

  /** An event that comes just now. */
  take(pubkey: string, kind: number, now: Date): LimitVerdict {
    return this.takeFrom(`${kind}:${pubkey}`, kind, now);
  }

  /**
   * An event that waited at a relay while nobody listened: a whole outage arrives within a second, so it counts for the minute it was
   * sent in, not for this one.
   */
  takeStored(pubkey: string, kind: number, sentAt: Date): LimitVerdict {
    const minute = Math.floor(sentAt.getTime() / 60_000);
    return this.takeFrom(`${kind}:${pubkey}:${minute}`, kind, new Date(minute * 60_000));
  }

  private takeFrom(key: string, kind: number, at: Date): LimitVerdict {
    const perMinute = this.perMinute(kind);
    const bucket = this.refill(key, perMinute, at.getTime());
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      return "within";
    }
    if (bucket.isTold) return "over";
    bucket.isTold = true;
    return "first_over";
  }

  private perMinute(kind: number): number {
    switch (kind) {
      case INTENT_KIND:
        return this.options.intentsPerMinute;
      case SERVICE_REQUEST_KIND:
        return this.options.requestsPerMinute;
      default:
        return this.options.responsesPerMinute;
    }
  }

  private refill(key: string, perMinute: number, nowMs: number): Bucket {
    const capacity = perMinute * BURST_MINUTES;
    const bucket = this.buckets.get(key) ?? { tokens: capacity, filledAtMs: nowMs, isTold: false };
    const gained = (Math.max(0, nowMs - bucket.filledAtMs) / 60_000) * perMinute;
    bucket.tokens = Math.min(capacity, bucket.tokens + gained);
    bucket.filledAtMs = nowMs;
    // A whole minute's allowance is back: the window is over, and the next excess is news again.
    if (bucket.tokens >= perMinute) bucket.isTold = false;
    this.remember(key, bucket);
    return bucket;
  }

  private remember(key: string, bucket: Bucket): void {
    this.buckets.delete(key);
    this.buckets.set(key, bucket);
    const oldest = this.buckets.size > AUTHORS_MAX ? this.buckets.keys().next().value : undefined;
    if (oldest !== undefined) this.buckets.delete(oldest);
  }
}
