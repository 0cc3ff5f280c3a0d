import { isIPv6 } from "node:net";

import type { Request } from "express";

/** What is known of the call beside its input. */
export interface RequestInfo {
  readonly requestId: string;
  /** W3C trace context as it was sent. */
  readonly traceparent: string | undefined;
  readonly ip: string;
  readonly path: string;
  /** `Last-Event-ID` and the like; lower-case names. */
  readonly header: (name: string) => string | undefined;
}

/** What the caller sent about itself, taken only in shapes that are safe to log and to pass on. */
export function readRequestInfo(req: Request, newRequestId: () => string): RequestInfo {
  const header = (name: string) => {
    const value = req.headers[name];
    return Array.isArray(value) ? value[0] : value;
  };
  const requestId = header("x-request-id");
  const traceparent = header("traceparent");
  return {
    requestId: requestId !== undefined && /^[A-Za-z0-9._-]{1,64}$/.test(requestId) ? requestId : newRequestId(),
    traceparent: traceparent !== undefined && isTraceparent(traceparent) ? traceparent : undefined,
    ip: normaliseIp(req.ip ?? "unknown"),
    path: req.path,
    header,
  };
}

function isTraceparent(text: string): boolean {
  return /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(text) && !text.startsWith("ff");
}

/** IPv4 arrives as ::ffff:… on a dual-stack socket. */
function normaliseIp(ip: string): string {
  return ip.startsWith("::ffff:") ? ip.slice("::ffff:".length) : ip;
}

/** Who counts as one caller by address: a whole /64 for IPv6, which one customer gets to itself. */
export function ipBucket(ip: string): string {
  if (!isIPv6(ip)) return ip;
  const [head = "", tail] = ip.split("%")[0]?.split("::") ?? [];
  const left = head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill("0");
  return [...left, ...zeros, ...right].slice(0, 4).join(":");
}
