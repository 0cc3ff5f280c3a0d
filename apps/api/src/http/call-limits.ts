import type { Request, Response } from "express";

import type { Caller } from "@arkrelay/core/caller";
import { AppError } from "@arkrelay/core/errors";
import type { Clock } from "@arkrelay/core/ports/clock";

import type { KnownKey } from "./key-registry";
import { rateLimited, rateLimitHeaders, type Bucket, type TokenBuckets } from "./rate-limits";
import { ipBucket, type RequestInfo } from "./request-info";

export interface LimitSettings {
  readonly enabled: boolean;
  readonly ipPerSecond: number;
  readonly keyPerSecond: number;
  readonly adminPerSecond: number;
  readonly authFailuresPerSecond: number;
}

export interface CallLimits {
  /** One bucket by the strongest proven principal, and for a new session the caller's own second one. Throws `rate_limited`. */
  takeForCall(
    route: { readonly opensSession: boolean },
    caller: Caller,
    key: KnownKey | undefined,
    request: RequestInfo,
    res: Response,
  ): Promise<void>;
  /** Throws `rate_limited` for credentials of an address that just sent too many bad ones, before they cost anything. */
  assertNotBlocked(ip: string, req: Request): void;
  countFailure(ip: string): Promise<void>;
}

const BURSTS = { ip: 60, key: 200, admin: 10, authFailures: 10 };
const KEY_BURST_SECONDS = 4;
const NEW_SESSIONS_PER_MINUTE = 30;
const BLOCKED_MAX = 10_000;

export function createCallLimits(settings: LimitSettings, buckets: TokenBuckets, clock: Clock): CallLimits {
  const blockedUntil = new Map<string, number>();
  return {
    takeForCall: async (route, caller, key, request, res) => {
      if (!settings.enabled) return;
      const bucket = bucketOf(settings, caller, key, request);
      const sessions = route.opensSession && caller.pubkey !== undefined ? [newSessionBucket(caller.pubkey)] : [];
      const taken = await buckets.take([bucket, ...sessions]);
      for (const [name, value] of Object.entries(rateLimitHeaders(bucket, taken))) res.setHeader(name, value);
      if (!taken.allowed) throw rateLimited(taken);
    },
    assertNotBlocked: (ip, req) => {
      if (blockedUntil.size === 0 || !hasCredentials(req)) return;
      const until = blockedUntil.get(ipBucket(ip));
      const waitMs = until === undefined ? 0 : until - clock.now().getTime();
      if (waitMs > 0) throw new AppError("rate_limited", { retryAfterSeconds: waitMs / 1000 });
    },
    countFailure: async (ip) => {
      if (!settings.enabled) return;
      const key = ipBucket(ip);
      const perSecond = settings.authFailuresPerSecond;
      const taken = await buckets.take([{ key: `auth:${key}`, perSecond, burst: BURSTS.authFailures }]);
      if (taken.allowed) return;
      if (blockedUntil.size >= BLOCKED_MAX) blockedUntil.clear();
      blockedUntil.set(key, clock.now().getTime() + taken.retryAfterSeconds * 1000);
      throw rateLimited(taken);
    },
  };
}

function bucketOf(settings: LimitSettings, caller: Caller, key: KnownKey | undefined, request: RequestInfo): Bucket {
  if (caller.isAdmin) return { key: "admin", perSecond: settings.adminPerSecond, burst: BURSTS.admin };
  if (key === undefined) {
    return { key: `ip:${ipBucket(request.ip)}`, perSecond: settings.ipPerSecond, burst: BURSTS.ip };
  }
  if (key.rateLimitPerMinute === undefined) {
    return { key: key.keyId, perSecond: settings.keyPerSecond, burst: BURSTS.key };
  }
  const perSecond = key.rateLimitPerMinute / 60;
  return { key: key.keyId, perSecond, burst: Math.max(1, Math.ceil(perSecond * KEY_BURST_SECONDS)) };
}

/** By the calling key alone: a third party's calls never count against the user they name. */
function newSessionBucket(pubkey: string): Bucket {
  return { key: `sessions:${pubkey}`, perSecond: NEW_SESSIONS_PER_MINUTE / 60, burst: NEW_SESSIONS_PER_MINUTE };
}

function hasCredentials(req: Request): boolean {
  const { authorization } = req.headers;
  return authorization !== undefined || "x-api-key" in req.headers || "x-admin-key" in req.headers;
}
