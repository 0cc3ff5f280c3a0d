import { createHash } from "node:crypto";

import type { RegisteredKey } from "@arkrelay/core/http/access";
import type { Clock } from "@arkrelay/core/ports/clock";

/** A key of the registry as a call needs it. */
export interface KnownKey extends RegisteredKey {
  readonly rateLimitPerMinute: number | undefined;
  /** false = revoked or expired. */
  readonly isUsable: boolean;
}

export interface KeyRegistry {
  /** The usable key whose secret this is. */
  findBySecret(secret: string): Promise<KnownKey | undefined>;
  /** The key registered for a pubkey, usable or not. */
  findByPubkey(pubkey: string): Promise<KnownKey | undefined>;
  /** Of the look-ups that are kept, since the start. */
  stats(): KeptStats;
}

export interface KeptStats {
  readonly hits: number;
  readonly misses: number;
  readonly size: number;
  readonly evictions: number;
}

export interface StoredKey {
  readonly keyId: string;
  readonly scopes: readonly string[];
  readonly rateLimitPerMinute: number | undefined;
  readonly status: string;
  readonly expiresAt: Date | undefined;
}

/** Where keys are stored. Secrets are looked up by their sha256, so a stolen table opens nothing. */
export interface KeyLookup {
  findBySecretSha256(sha256: string): Promise<StoredKey | undefined>;
  findByPubkey(pubkey: string): Promise<StoredKey | undefined>;
  /** Best effort; at most once per look-up, so seldom. */
  touch(keyId: string, at: Date): Promise<void>;
}

/** Revocation must work on every replica within 5 s. */
const KEPT_MS = 4_000;
const KEPT_MAX = 10_000;

/** Look-ups are kept for some seconds: a busy solver costs one query per 4 s, not one per call. */
export function createKeyRegistry(lookup: KeyLookup, clock: Clock, onError: (error: unknown) => void): KeyRegistry {
  const kept = keep(clock, async (id: string) => {
    const [kind, value = ""] = id.split(":");
    const stored = await (kind === "secret" ? lookup.findBySecretSha256(value) : lookup.findByPubkey(value));
    if (stored !== undefined) lookup.touch(stored.keyId, clock.now()).catch(onError);
    return stored;
  });
  const findKnown = async (id: string) => {
    const stored = await kept.find(id);
    return stored && toKnown(stored, clock.now());
  };
  return {
    findBySecret: async (secret) => {
      const known = await findKnown(`secret:${createHash("sha256").update(secret).digest("hex")}`);
      return known?.isUsable === true ? known : undefined;
    },
    findByPubkey: (pubkey) => findKnown(`pubkey:${pubkey}`),
    stats: kept.stats,
  };
}

function toKnown(stored: StoredKey, now: Date): KnownKey {
  return {
    keyId: stored.keyId,
    scopes: new Set(stored.scopes),
    rateLimitPerMinute: stored.rateLimitPerMinute,
    isUsable: stored.status === "active" && (stored.expiresAt === undefined || stored.expiresAt > now),
  };
}

interface Kept<T> {
  readonly find: (id: string) => Promise<T>;
  readonly stats: () => KeptStats;
}

/** Unknown ids are kept as well, or guessing would reach the database each time. */
function keep<T>(clock: Clock, load: (id: string) => Promise<T>): Kept<T> {
  const kept = new Map<string, { readonly value: Promise<T>; readonly untilMs: number }>();
  const counts = { hits: 0, misses: 0, evictions: 0 };
  const find = (id: string) => {
    const nowMs = clock.now().getTime();
    const known = kept.get(id);
    if (known !== undefined && known.untilMs > nowMs) {
      counts.hits++;
      return known.value;
    }
    counts.misses++;
    if (kept.size >= KEPT_MAX) {
      counts.evictions += kept.size;
      kept.clear();
    }
    const value = load(id);
    kept.set(id, { value, untilMs: nowMs + KEPT_MS });
    // A failed look-up says nothing about the key.
    value.catch(() => kept.delete(id));
    return value;
  };
  return { find, stats: () => ({ ...counts, size: kept.size }) };
}
